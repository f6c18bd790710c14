/** Answers pods, by way of their cluster's DNS, for services across clusters and for nothing else. */
import { DNS_PORT } from '@skein/kubernetes/services/coredns.ts';
import { type Clusterset, clustersetBody } from '../../dns/clusterset.ts';
import { parseQuery, renderReply } from '../../dns/reply.ts';
import { type NameServer, serveNames } from '../../dns/server.ts';

const IN_ZONE = /(^|\.)clusterset\.local\.?$/i;

/** @param address of the node, at which pods of every node reach it */
export function servePods(address: string, clusterset: Clusterset): Promise<NameServer> {
  return serveNames(address, DNS_PORT, async (bytes, source, transport) => {
    const query = parseQuery(bytes);
    const question = query?.questions?.[0];
    if (!query || !question) return undefined;
    const body =
      isPrivate(source) && IN_ZONE.test(question.name)
        ? await clustersetBody(clusterset, question)
        : { code: 'REFUSED' as const, answers: [], authorities: [] };
    return renderReply(query, body, { authoritative: body.code !== 'REFUSED', transport });
  });
}

/** Pods, nodes and the overlay have private addresses; whoever else comes to the node's port is a stranger. */
function isPrivate(address: string): boolean {
  const [a = 0, b = 0] = address.split('.').map(Number);
  return (
    a === 10 ||
    a === 127 ||
    (a === 172 && b >= 16 && b < 32) ||
    (a === 192 && b === 168) ||
    (a === 100 && b >= 64 && b < 128)
  );
}
