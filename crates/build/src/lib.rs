//! Dockerfile to build graph to image, with cache.
