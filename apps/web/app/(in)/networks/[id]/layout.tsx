/** One network: its name, its state, and the ways to look at it. */
import { Network } from '@skein/contract/rest/network.ts';
import type { Metadata } from 'next';
import type { ReactNode } from 'react';
import { load } from '../../../../server/load.ts';
import { NetworkHead } from './head.tsx';

interface Props {
  params: Promise<{ id: string }>;
  children: ReactNode;
}

export async function generateMetadata({ params }: Pick<Props, 'params'>): Promise<Metadata> {
  const { id } = await params;
  return { title: (await load(`/networks/${id}`, Network)).name };
}

export default async function NetworkLayout({ params, children }: Props) {
  const { id } = await params;
  const network = await load(`/networks/${id}`, Network);
  return (
    <>
      <NetworkHead initial={network} />
      {children}
    </>
  );
}
