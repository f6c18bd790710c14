/** Which image an instance starts from: Canonical's own Ubuntu 24.04 LTS. Pure. */
export interface Image {
  publisher: string;
  offer: string;
  sku: string;
  version: string;
}

/** Sizes with an Arm processor have a `p` among the letters behind their number: `Standard_D2ps_v5`, `Standard_B2pts_v2`. */
export function architectureOf(size: string): 'amd64' | 'arm64' {
  return /^[A-Za-z]+_[A-Z]+\d+(?:-\d+)?[a-z]*p[a-z]*(?:_|$)/.test(size) ? 'arm64' : 'amd64';
}

export function imageFor(size: string): Image {
  const sku = architectureOf(size) === 'arm64' ? 'server-arm64' : 'server';
  return { publisher: 'Canonical', offer: 'ubuntu-24_04-lts', sku, version: 'latest' };
}
