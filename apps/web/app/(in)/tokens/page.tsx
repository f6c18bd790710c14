/** Tokens for programs. */
import { ApiToken } from '@skein/contract/rest/account.ts';
import { pageOf } from '@skein/contract/rest/page.ts';
import type { Metadata } from 'next';
import { load } from '../../../server/load.ts';
import { Tokens } from './tokens.tsx';

export const metadata: Metadata = { title: 'API tokens' };

export default async function TokensPage() {
  return <Tokens initial={await load('/api-tokens', pageOf(ApiToken))} />;
}
