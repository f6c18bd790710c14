/** What is built, and as which release of k3s it goes. */

/** As in `kubernetes/go.mod`. */
export const KUBERNETES = 'v1.34.4';
/**
 * Releases that a lab machine can install, oldest first. They are of one Kubernetes: k3s itself brings several out of one,
 * and an upgrade between two is all that an upgrade is to those who order it.
 */
export const RELEASES = [`${KUBERNETES}+k3s1`, `${KUBERNETES}+k3s2`] as const;
export const COREDNS = '1.14.3';
export const FLANNEL = 'v0.28.4';
