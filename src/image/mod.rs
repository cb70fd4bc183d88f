//! Images: names, platforms, manifests, registries and pulling.
