//! What can go wrong with networks on disk.

use std::net::IpAddr;

/// An error about a network's files or addresses; the words are podman's where it has them.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// No network has this name or ID.
    #[error("unable to find network with name or ID {name}: network not found")]
    NoSuchNetwork {
        /// As typed.
        name: String,
    },
    /// Several IDs start like this.
    #[error("more than one result for network ID {name}")]
    Ambiguous {
        /// As typed.
        name: String,
    },
    /// The name is taken.
    #[error("network name {name} already used: network already exists")]
    Exists {
        /// The name.
        name: String,
    },
    /// The name has characters a network's cannot have.
    #[error("network name {name} invalid: names must match [a-zA-Z0-9][a-zA-Z0-9_.-]*: invalid argument")]
    BadName {
        /// As typed.
        name: String,
    },
    /// The default network is always there.
    #[error("default network {name} cannot be removed")]
    Default {
        /// Its name.
        name: String,
    },
    /// An address asked for is outside the network.
    #[error("requested static ip {address} not in any subnet on network {network}")]
    OutsideSubnets {
        /// The address.
        address: IpAddr,
        /// The network.
        network: String,
    },
    /// An address asked for is another container's, or the network's own.
    #[error("requested ip address {address} is already allocated to {owner}")]
    AddressInUse {
        /// The address.
        address: IpAddr,
        /// `container ID ...` or `the gateway of network ...`.
        owner: String,
    },
    /// All addresses of a subnet are taken.
    #[error("failed to find free IP in range: {start} - {end}")]
    Full {
        /// First address of the range.
        start: IpAddr,
        /// Its last.
        end: IpAddr,
    },
    /// The container is on this network already.
    #[error("container {container} is already connected to network \"{network}\": network already connected")]
    Connected {
        /// The container's ID.
        container: String,
        /// The network.
        network: String,
    },
    /// A file could not be read or written.
    #[error(transparent)]
    File(#[from] crate::store::containers::Error),
}

impl Error {
    /// Whether the network does not exist.
    pub fn is_not_found(&self) -> bool {
        matches!(self, Error::NoSuchNetwork { .. })
    }

    /// Whether something else has what was asked for.
    pub fn is_conflict(&self) -> bool {
        matches!(self, Error::Exists { .. } | Error::AddressInUse { .. } | Error::Connected { .. })
    }
}
