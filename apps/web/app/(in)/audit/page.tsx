/** Who did what. */
import { AuditEvent } from '@skein/contract/rest/account.ts';
import { pageOf } from '@skein/contract/rest/page.ts';
import type { Metadata } from 'next';
import { load } from '../../../server/load.ts';
import { AuditList } from './list.tsx';

export const metadata: Metadata = { title: 'Audit' };

export default async function Audit() {
  return <AuditList initial={await load('/audit-events?limit=50', pageOf(AuditEvent))} />;
}
