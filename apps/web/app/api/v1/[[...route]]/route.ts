/** Mounts the REST API. */
import { running } from '../../../../server/api.ts';

export const dynamic = 'force-dynamic';

const handle = (request: Request) => running().api.fetch(request);

export { handle as DELETE, handle as GET, handle as PATCH, handle as POST, handle as PUT };
