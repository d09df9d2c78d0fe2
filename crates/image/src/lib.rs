//! An image wherever it is: store, layers, registry, archives, build context.
