/** Reachability: what would become of packets between two peers, worked out without sending any. */
import { Reachability, ReachabilityQuestion } from '@skein/contract/rest/reachability.ts';
import { askReachability } from '@skein/control/reachability/ask.ts';
import type { ApiHono } from '../../dependencies.ts';
import { IdParams, serve } from '../endpoint.ts';

export function serveReachability(app: ApiHono): void {
  serve(app, {
    method: 'post',
    path: '/networks/{id}/reachability',
    tag: 'Policy',
    summary: 'Whether one peer reaches another, and what decides it',
    description:
      'Walks the way over policy, routes, tunnels, security groups and NATs, as Skein plans them. With `whatIf`: as it would be if peers, clusters or clouds were lost, or under another policy. Sends nothing, changes nothing.',
    params: IdParams,
    body: ReachabilityQuestion.meta({
      id: 'ReachabilityQuestion',
      example: {
        from: 'peer_4k2m8n0q3r5s7t9v1w2x',
        to: 'peer_9v1w2x4k2m8n0q3r5s7t',
        protocol: 'tcp',
        port: 5432,
        whatIf: { lost: ['gcp'] },
      },
    }),
    answer: Reachability.meta({
      id: 'Reachability',
      example: {
        verdict: 'blocked',
        partly: false,
        hops: [{ peerId: 'peer_4k2m8n0q3r5s7t9v1w2x', name: 'node-1.prod' }],
        decidedBy: {
          hop: { peerId: 'peer_9v1w2x4k2m8n0q3r5s7t', name: 'gw-1.dr' },
          layer: 'tunnel',
          words: 'it is lost',
        },
      },
    }),
    handle: (context, { params, body }) => askReachability(context, { ...params, ...body }),
  });
}
