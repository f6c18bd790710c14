/** Mounts sign-in and sign-out. */
import { running } from '../../../../server/api.ts';

export const dynamic = 'force-dynamic';

const handle = (request: Request) => running().api.fetch(request);

export { handle as GET, handle as POST };
