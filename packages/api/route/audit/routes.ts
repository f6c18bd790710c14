/** Who did what. */
import { AuditEvent } from '@skein/contract/rest/account.ts';
import { PageQuery, pageOf } from '@skein/contract/rest/page.ts';
import { listAuditEvents } from '@skein/control/audit/list.ts';
import type { ApiHono } from '../../dependencies.ts';
import { serve } from '../endpoint.ts';

const AuditEvents = pageOf(
  AuditEvent.meta({
    id: 'AuditEvent',
    example: {
      id: '17',
      at: '2026-11-20T19:00:00.000Z',
      actor: 'user usr_0123456789abcdefghjk',
      action: 'network.create',
      target: 'net_0123456789abcdefghjk',
      details: { name: 'shop' },
    },
  }),
);

export function serveAudit(app: ApiHono): void {
  serve(app, {
    method: 'get',
    path: '/audit-events',
    tag: 'Audit',
    summary: 'Audit events, newest first',
    query: PageQuery,
    answer: AuditEvents,
    handle: (context, { query }) => listAuditEvents(context, query),
  });
}
