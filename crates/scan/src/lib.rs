//! Size, packages, SBOM and advisories over a file tree.
