import { type ClusterRange, RangeHost } from '@skein/contract/rest/range.ts';
import type { ClusterRange as RangeRow } from '@skein/database/generated/client.ts';
import { translate } from '@skein/mesh/range/translate.ts';
import { z } from 'zod';

/** A range's row as the REST API tells it. */
export function rangeView(row: RangeRow): ClusterRange {
  const { id, networkId, clusterId, peerId, name, cidr, overlayCidr, replies, dockerNetwork } = row;
  const hosts = hostsOf(row).map((host) => ({
    ...host,
    overlayAddress: translate(host.address, cidr, overlayCidr),
  }));
  return {
    id,
    networkId,
    clusterId,
    peerId,
    name,
    cidr,
    overlayCidr,
    replies,
    docker: dockerNetwork,
    hosts,
    createdAt: row.createdAt.toISOString(),
  };
}

export function hostsOf(row: Pick<RangeRow, 'hosts'>): RangeHost[] {
  return z.array(RangeHost).parse(row.hosts);
}
