/** Ports at which every place of the benchmark answers. */
export const PORTS = [7001, 7002, 7003] as const;
