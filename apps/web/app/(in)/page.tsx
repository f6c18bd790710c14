/** All networks of the organization. */
import { Network } from '@skein/contract/rest/network.ts';
import { pageOf } from '@skein/contract/rest/page.ts';
import type { Metadata } from 'next';
import { load } from '../../server/load.ts';
import { NetworkList } from './networks/list.tsx';

export const metadata: Metadata = { title: 'Networks' };

export default async function Networks() {
  return <NetworkList initial={await load('/networks', pageOf(Network))} />;
}
