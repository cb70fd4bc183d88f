"""recompress.py LAYOUT TAG OUT FORM: copies an image of an OCI layout into a new layout OUT, tag `latest`, with layers as FORM (zstd or plain)."""
import gzip, hashlib, json, os, subprocess, sys

layout, tag, out, form = sys.argv[1:]
os.makedirs(f"{out}/blobs/sha256")


def load(digest):
    with open(f"{layout}/blobs/{digest.replace(':', '/')}", "rb") as file:
        return file.read()


def store(data):
    name = hashlib.sha256(data).hexdigest()
    with open(f"{out}/blobs/sha256/{name}", "wb") as file:
        file.write(data)
    return {"digest": f"sha256:{name}", "size": len(data)}


with open(f"{layout}/index.json") as file:
    entry = next(e for e in json.load(file)["manifests"] if e.get("annotations", {}).get("org.opencontainers.image.ref.name") == tag)
manifest = json.loads(load(entry["digest"]))
manifest["mediaType"] = "application/vnd.oci.image.manifest.v1+json"
manifest["config"].update(store(load(manifest["config"]["digest"])))
for layer in manifest["layers"]:
    data = gzip.decompress(load(layer["digest"]))
    layer["mediaType"] = "application/vnd.oci.image.layer.v1.tar"
    if form == "zstd":
        data = subprocess.run(["zstd", "-q", "-c"], input=data, stdout=subprocess.PIPE, check=True).stdout
        layer["mediaType"] += "+zstd"
    layer.update(store(data))
descriptor = {"mediaType": manifest["mediaType"], **store(json.dumps(manifest).encode()),
              "annotations": {"org.opencontainers.image.ref.name": "latest"}}
with open(f"{out}/index.json", "w") as file:
    json.dump({"schemaVersion": 2, "manifests": [descriptor]}, file)
with open(f"{out}/oci-layout", "w") as file:
    file.write('{"imageLayoutVersion":"1.0.0"}')
