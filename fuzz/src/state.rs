//! The state tree: pages as the disk gives them, proofs as peers and API servers send them.

use crypto::jellyfish::{NodeHash, Page, PagePath, Proof, verify};

/// A stored page.
pub fn jellyfish_page(data: &[u8]) {
    if let Ok(page) = Page::from_bytes(data) {
        assert_eq!(page.to_bytes(), data, "a second encoding of the same page");
    }
}

/// The key under which a page is stored.
pub fn jellyfish_path(data: &[u8]) {
    if let Ok(path) = PagePath::from_bytes(data) {
        assert_eq!(path.as_bytes(), data, "a second encoding of the same path");
    }
}

/// A proof: it decodes to one value, and proves nothing against a root that nobody can know a preimage of.
pub fn jellyfish_proof(data: &[u8]) {
    if let Ok(proof) = borsh::from_slice::<Proof>(data) {
        assert_eq!(borsh::to_vec(&proof).expect("writing to memory cannot fail"), data);
        let root: NodeHash = [0xa5; 32];
        assert!(verify(&root, b"key", Some(b"value"), &proof).is_err());
        assert!(verify(&root, b"key", None, &proof).is_err());
    }
}
