//! Images of the store: finding, showing, naming and removing them.
//!
//! [`resolve()`] and [`root::open`] are on the way of every start of a container: a few file reads, no thread, no
//! network. The rest serves `images`, `image inspect`, `history`, `tag`, `untag`, `rmi` and `image prune`.

pub mod assemble;
pub mod change;
pub mod check;
pub mod directory;
pub mod error;
mod extracted;
pub mod filter;
pub mod history;
pub mod inspect;
pub mod list;
pub mod load;
pub mod names;
pub mod remove;
pub mod resolve;
pub mod root;
pub mod save;
pub mod transport;
pub mod usage;

pub use error::{Error, LoadProblem};
pub use list::ListOptions;
pub use resolve::{LocalImage, expect, resolve};
