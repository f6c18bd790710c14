/** Served by the API: what clouds read to know Skein's tokens. */
import { running } from '../../../server/api.ts';

export const dynamic = 'force-dynamic';

export const GET = (request: Request) => running().api.fetch(request);
