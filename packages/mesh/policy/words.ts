/** What policies decide, in words. */
import type { PolicyDecision } from '@skein/contract/rest/policy.ts';
import type { End, Flow } from './decide.ts';

export function nameOf(end: End): string {
  const { name } = end.part.cluster;
  if ('peer' in end) return `${end.peer.name}.${name}`;
  return 'range' in end ? `range:${end.range.name}.${name}` : `pods:${name}`;
}

export const flowWords = ({ protocol, port }: Flow): string =>
  protocol === 'icmp' ? 'ping' : `${protocol.toUpperCase()} ${port}`;

/** `denied by rule 3 (web to database)`. */
export function decisionWords({ verdict, by }: PolicyDecision): string {
  const said = verdict === 'allow' ? 'allowed' : 'denied';
  switch (by.kind) {
    case 'rule':
      return `${said} by rule ${by.index + 1}${by.name === null ? '' : ` (${by.name})`}`;
    case 'within-cluster':
      return `${said} by the default within a cluster`;
    case 'default':
      return `${said} by the default`;
    case 'own-service':
      return `allowed, for it is Skein’s own (${by.service})`;
  }
}
