/** Images that Skein's own objects name, each pinned. A cluster without a way out needs them imported under these names. */
export const FLANNEL_IMAGE = 'ghcr.io/flannel-io/flannel:v0.28.4';
export const PAUSE_IMAGE = 'registry.k8s.io/pause:3.10';
/** Releases of what k3s installs by itself as it boots. */
export const CALICO_VERSION = 'v3.31.2';
export const CILIUM_VERSION = '1.18.4';
