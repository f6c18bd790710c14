/** Quotas that somebody set through the control API; the others have each cloud's defaults. */
import type { Section, Store } from './store.ts';

/** By `<cloud>/<account or project>`, then by the quota's name. */
export type Quotas = Record<string, Record<string, number>>;

export const openQuotas = (store: Store): Section<Quotas> => store.section<Quotas>('quotas', () => ({}));
