/** For tests and benches: a network with enrolled peers whose keys are known, written in bulk. */
import { createHash, createPrivateKey, generateKeyPairSync, randomUUID } from 'node:crypto';
import { newId } from '@skein/contract/primitive.ts';
import type { Database } from '@skein/database/client.ts';
import { formatAddress, formatCidr, parseCidr } from '@skein/mesh/ipam/cidr.ts';
import { openPrivateKey, publicKeyOf } from '@skein/mesh/map/sign.ts';
import type { Sealer } from '../secret/sealer.ts';

export interface SeededPeer {
  id: string;
  clusterId: string;
  role: 'gateway' | 'member';
  /** Ed25519 seed, base64. */
  identitySeed: string;
}
export interface SeededMesh {
  organizationId: string;
  networkId: string;
  mapKey: string;
  clusterIds: string[];
  peers: SeededPeer[];
}

const random = (bytes: Uint8Array<ArrayBuffer>) => crypto.getRandomValues(bytes);

/**
 * Writes an organization's network at revision 0. The first peer of each cluster is its gateway.
 * @param range two numbers that set networks of one organization apart: 100.`second`.0.0/`prefixLength`
 */
export async function makeMesh(
  database: Database,
  sealer: Sealer,
  organizationId: string,
  size: { clusters: number; peersPerCluster: number; cidr?: string },
): Promise<SeededMesh> {
  const networkId = newId('network', random);
  const cidr = size.cidr ?? '100.64.0.0/16';
  const base = parseCidr(cidr).first;
  const key = generateKeyPairSync('ed25519').privateKey;
  const now = new Date();
  const place = { organizationId, purpose: 'network-map-key', rowId: networkId } as const;
  const mapKey = publicKeyOf(createPrivateKey(key.export({ format: 'pem', type: 'pkcs8' })));
  const label = randomUUID().slice(0, 8);
  await database.network.create({
    data: {
      id: networkId,
      organizationId,
      name: `net-${label}`,
      zone: `n${label}.skein.test`,
      cidr,
      state: 'ready',
      mapPublicKey: mapKey,
      mapPrivateKeySealed: sealer.seal(place, key.export({ format: 'der', type: 'pkcs8' })),
    },
  });
  const vpcBase = parseCidr('10.64.0.0/10').first;
  const clusters = Array.from({ length: size.clusters }, (_, index) => ({
    id: newId('cluster', random),
    organizationId,
    networkId,
    name: `cluster-${index + 1}`,
    region: 'somewhere',
    overlayCidr: formatCidr({ first: base + index * 256, prefixLength: 24 }),
    vpcCidr: formatCidr({
      first: vpcBase + index * 4096 + ((base >>> 16) & 15) * 4096 * 200,
      prefixLength: 20,
    }),
    state: 'ready' as const,
  }));
  await database.cluster.createMany({ data: clusters });
  const peers: SeededPeer[] = [];
  const rows = clusters.flatMap((cluster, clusterIndex) =>
    Array.from({ length: size.peersPerCluster }, (_, index) => {
      const id = newId('peer', random);
      const role: SeededPeer['role'] = index === 0 ? 'gateway' : 'member';
      const identitySeed = createHash('sha256').update(`identity of ${id}`).digest('base64');
      peers.push({ id, clusterId: cluster.id, role, identitySeed });
      const privateAddress = formatAddress(parseCidr(cluster.vpcCidr).first + 10 + index);
      return {
        id,
        organizationId,
        networkId,
        clusterId: cluster.id,
        name: role === 'gateway' ? 'gw-1' : `node-${index}`,
        role,
        overlayAddress: formatAddress(parseCidr(cluster.overlayCidr).first + 1 + index),
        identityKey: publicKeyOf(openPrivateKey(identitySeed)),
        wireguardKey: createHash('sha256').update(`wireguard of ${id}`).digest('base64'),
        privateAddress,
        // 198.18.0.0/15 is for benchmarks (RFC 2544).
        publicAddress:
          role === 'gateway' ? formatAddress(parseCidr('198.18.0.0/15').first + 1 + clusterIndex) : null,
        endpoints: [{ kind: 'private' as const, address: privateAddress, port: 51820 }],
        enrolledAt: now,
      };
    }),
  );
  await database.peer.createMany({ data: rows });
  return { organizationId, networkId, mapKey, clusterIds: clusters.map((cluster) => cluster.id), peers };
}
