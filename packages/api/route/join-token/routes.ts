/** Join tokens: let nodes of your own into a cluster by the one-liner. */
import { pageOf } from '@skein/contract/rest/page.ts';
import { JoinToken, MintedJoinToken, NewJoinToken } from '@skein/contract/rest/peer.ts';
import { listJoinTokens } from '@skein/control/join-token/list.ts';
import { mintJoinToken } from '@skein/control/join-token/mint.ts';
import { revokeJoinToken } from '@skein/control/join-token/revoke.ts';
import type { ApiHono } from '../../dependencies.ts';
import { IdParams, serve, wholePage } from '../endpoint.ts';

const example = {
  id: 'join_0123456789abcdefghjk',
  clusterId: 'clu_0123456789abcdefghjk',
  prefix: 'skj_4Fq2',
  usesLeft: 1,
  uses: 1,
  expiresAt: '2026-11-20T20:00:00.000Z',
  revokedAt: null,
  lastUsedAt: null,
  createdAt: '2026-11-20T19:00:00.000Z',
};
const JoinTokenDocument = JoinToken.meta({ id: 'JoinToken', example });
const Minted = MintedJoinToken.meta({
  id: 'MintedJoinToken',
  example: {
    ...example,
    token: 'skj_4Fq2…',
    command: 'curl -fsSL https://skein.example.com/install.sh | sh -s -- --token skj_4Fq2…',
  },
});
const New = NewJoinToken.meta({ id: 'NewJoinToken', example: { uses: 1, expiresInSeconds: 3600 } });

export function serveJoinTokens(app: ApiHono): void {
  serve(app, {
    method: 'get',
    path: '/clusters/{id}/join-tokens',
    tag: 'Join tokens',
    summary: 'Tokens of a cluster, newest first',
    params: IdParams,
    answer: pageOf(JoinTokenDocument),
    handle: async (context, { params }) => wholePage(await listJoinTokens(context, { clusterId: params.id })),
  });
  serve(app, {
    method: 'post',
    path: '/clusters/{id}/join-tokens',
    tag: 'Join tokens',
    summary: 'Make a token and the command to run on a node',
    description: 'The answer is the only time that the token itself is told.',
    params: IdParams,
    body: New,
    status: 201,
    answer: Minted,
    handle: (context, { params, body }) => mintJoinToken(context, { clusterId: params.id, ...body }),
  });
  serve(app, {
    method: 'delete',
    path: '/join-tokens/{id}',
    tag: 'Join tokens',
    summary: 'Revoke a token at once',
    params: IdParams,
    handle: async (context, { params }) => {
      await revokeJoinToken(context, params);
    },
  });
}
