/** Pages that stand still while rows come and go: a cursor is the place (time and id) of the last row given out. */
import { Refusal } from './failure.ts';

interface Placed {
  id: string;
  createdAt: Date;
}

/** What stands after the cursor in a list that is newest first; everything where there is none. */
export function olderThan(cursor: string | undefined) {
  if (cursor === undefined) return {};
  const { id, createdAt } = parse(cursor);
  return { OR: [{ createdAt: { lt: createdAt } }, { createdAt, id: { lt: id } }] };
}

/** What stands after the cursor in a list that is oldest first; everything where there is none. */
export function newerThan(cursor: string | undefined) {
  if (cursor === undefined) return {};
  const { id, createdAt } = parse(cursor);
  return { OR: [{ createdAt: { gt: createdAt } }, { createdAt, id: { gt: id } }] };
}

/** Cuts a page out of `limit` + 1 rows and says where the next one starts. */
export function pageOfRows<Row extends Placed>(
  rows: Row[],
  limit: number,
): { page: Row[]; next: string | null } {
  const page = rows.slice(0, limit);
  const last = page.at(-1);
  const next =
    rows.length > limit && last
      ? Buffer.from(`${last.createdAt.getTime()} ${last.id}`).toString('base64url')
      : null;
  return { page, next };
}

function parse(cursor: string): Placed {
  const [time, id] = Buffer.from(cursor, 'base64url').toString().split(' ');
  if (!/^\d{1,15}$/.test(time ?? '') || !id)
    throw new Refusal('invalid-request', 'The cursor is none that this list gave out.', [
      { path: 'cursor', message: 'must come from `next` of an earlier page' },
    ]);
  return { id, createdAt: new Date(Number(time)) };
}
