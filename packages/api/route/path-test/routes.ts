/** Path tests: packets sent between two peers now, and in words what became of them. */
import { NewPathTest, PathTest } from '@skein/contract/rest/path-test.ts';
import { testPath } from '@skein/control/path-test/run.ts';
import type { ApiHono } from '../../dependencies.ts';
import { IdParams, serve } from '../endpoint.ts';

const tunnel = {
  endpoint: '203.0.113.7:51820',
  endpointKind: 'public',
  handshakeAgeSeconds: 41,
  lossPercent: 0,
  rttMilliseconds: 18.2,
  mtu: 1440,
};

export function servePathTests(app: ApiHono): void {
  serve(app, {
    method: 'post',
    path: '/networks/{id}/path-tests',
    tag: 'Peers',
    summary: 'Test the path between two peers',
    description:
      'The agents at both ends and those between them send packets now: loss and round trip at each hop, handshakes, endpoints and packet sizes, and one verdict in words with what mends it. Takes 10 seconds at most; an agent that is not connected is told of.',
    params: IdParams,
    body: NewPathTest.meta({
      id: 'NewPathTest',
      example: {
        fromPeerId: 'peer_4k2m8n0q3r5s7t9v1w2x',
        toPeerId: 'peer_9v1w2x4k2m8n0q3r5s7t',
        port: 443,
      },
    }),
    answer: PathTest.meta({
      id: 'PathTest',
      example: {
        from: 'gw-1',
        to: 'db-1',
        hops: [{ from: 'gw-1', to: 'db-1', tunnel, ping: { lossPercent: 0, rttMilliseconds: 18.6 } }],
        port: { number: 443, open: true, words: 'it opened' },
        ok: true,
        verdict: 'db-1 is reached in 18.6 ms, directly; TCP port 443 is open.',
        remedy: null,
        milliseconds: 4200,
      },
    }),
    handle: (context, { params, body }) => testPath(context, { networkId: params.id, ...body }),
  });
}
