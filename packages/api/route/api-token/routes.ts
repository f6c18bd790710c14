/** Tokens for programs. */
import { ApiToken, MintedApiToken, NewApiToken } from '@skein/contract/rest/account.ts';
import { pageOf } from '@skein/contract/rest/page.ts';
import { listApiTokens } from '@skein/control/api-token/list.ts';
import { mintApiToken } from '@skein/control/api-token/mint.ts';
import { revokeApiToken } from '@skein/control/api-token/revoke.ts';
import type { ApiHono } from '../../dependencies.ts';
import { IdParams, serve } from '../endpoint.ts';

const example = {
  id: 'tok_0123456789abcdefghjk',
  name: 'continuous integration',
  prefix: 'skn_4Fq2',
  expiresAt: '2027-02-18T19:00:00.000Z',
  lastUsedAt: null,
  createdAt: '2026-11-20T19:00:00.000Z',
};
const ApiTokens = pageOf(ApiToken.meta({ id: 'ApiToken', example }));
const Minted = MintedApiToken.meta({ id: 'MintedApiToken', example: { ...example, token: 'skn_4Fq2…' } });
const New = NewApiToken.meta({ id: 'NewApiToken', example: { name: example.name, expiresInDays: 90 } });

export function serveApiTokens(app: ApiHono): void {
  serve(app, {
    method: 'get',
    path: '/api-tokens',
    tag: 'API tokens',
    summary: 'Living tokens, newest first',
    answer: ApiTokens,
    handle: (context) => listApiTokens(context),
  });
  serve(app, {
    method: 'post',
    path: '/api-tokens',
    tag: 'API tokens',
    summary: 'Make a token',
    description: 'The answer is the only time that the token itself is told.',
    body: New,
    status: 201,
    answer: Minted,
    handle: (context, { body }) => mintApiToken(context, body),
  });
  serve(app, {
    method: 'delete',
    path: '/api-tokens/{id}',
    tag: 'API tokens',
    summary: 'Revoke a token at once',
    params: IdParams,
    handle: (context, { params }) => revokeApiToken(context, params),
  });
}
