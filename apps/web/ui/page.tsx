/** The parts that pages are put together from. */
import Link from 'next/link';
import type { ReactNode } from 'react';

export function PageHeader({
  within,
  title,
  lead,
  actions,
}: {
  /** The page that this one belongs to. */
  within?: { href: string; title: string };
  title: ReactNode;
  lead?: ReactNode;
  actions?: ReactNode;
}) {
  return (
    <header className="mb-7 flex flex-wrap items-end justify-between gap-x-6 gap-y-4">
      <div className="min-w-0">
        {within && <Within {...within} />}
        <h1 className="text-2xl font-semibold tracking-tight">{title}</h1>
        {lead && <p className="mt-1.5 max-w-[62ch] text-quiet">{lead}</p>}
      </div>
      {actions && <div className="flex flex-wrap gap-2">{actions}</div>}
    </header>
  );
}

/** Leads back to the page that this one belongs to. */
export function Within({ href, title }: { href: string; title: string }) {
  return (
    <p className="mb-1 text-sm text-faint">
      <Link href={href} className="hover:text-ink hover:underline">
        {title}
      </Link>{' '}
      <span aria-hidden>/</span>
    </p>
  );
}

export function Section({
  title,
  lead,
  actions,
  children,
}: {
  title: string;
  lead?: ReactNode;
  actions?: ReactNode;
  children: ReactNode;
}) {
  return (
    <section className="mb-9">
      <div className="mb-3 flex flex-wrap items-end justify-between gap-3">
        <div>
          <h2 className="text-lg font-semibold tracking-tight">{title}</h2>
          {lead && <p className="mt-0.5 max-w-[62ch] text-sm text-quiet">{lead}</p>}
        </div>
        {actions}
      </div>
      {children}
    </section>
  );
}

export function Panel({ children, className = '' }: { children: ReactNode; className?: string }) {
  return <div className={`rounded-lg border border-line bg-raised p-5 ${className}`}>{children}</div>;
}

export function Empty({
  icon,
  title,
  children,
  action,
}: {
  icon: ReactNode;
  title: string;
  children: ReactNode;
  action?: ReactNode;
}) {
  return (
    <div className="flex flex-col items-start gap-3 rounded-lg border border-dashed border-line-strong px-6 py-10 sm:px-10">
      <div className="text-accent">{icon}</div>
      <h2 className="text-lg font-semibold tracking-tight">{title}</h2>
      <div className="max-w-[58ch] text-quiet">{children}</div>
      {action && <div className="mt-2 flex flex-wrap gap-2">{action}</div>}
    </div>
  );
}

/** Figures side by side: four in a row, or two by two. */
export function Figures({ children }: { children: ReactNode }) {
  return (
    <dl className="grid grid-cols-2 rounded-lg border border-line bg-raised max-lg:[&>:nth-child(-n+2)]:border-b max-lg:[&>:nth-child(odd)]:border-r lg:grid-cols-4 lg:[&>:not(:last-child)]:border-r [&>*]:border-line">
      {children}
    </dl>
  );
}

/** A figure with its unit and what it counts. */
export function Figure({ label, value, note }: { label: string; value: ReactNode; note?: ReactNode }) {
  return (
    <div className="min-w-0 px-5 py-4">
      <dt className="text-sm text-faint">{label}</dt>
      <dd className="mt-1 truncate text-lg font-semibold sm:text-xl tracking-tight tabular-nums">{value}</dd>
      {note && <dd className="mt-0.5 text-sm text-quiet">{note}</dd>}
    </div>
  );
}

/** @param whole keeps it on one line. */
export function Mono({ children, whole = false }: { children: ReactNode; whole?: boolean }) {
  return (
    <span className={`font-mono text-[0.92em] ${whole ? 'whitespace-nowrap' : '[overflow-wrap:anywhere]'}`}>
      {typeof children === 'string' && !whole ? breakable(children) : children}
    </span>
  );
}

/** Long ids break after their separators first, and within a word only where they must. */
function breakable(text: string): ReactNode[] {
  const parts: ReactNode[] = [];
  let at = 0;
  for (const part of text.split(/(?<=[/:@])/)) {
    if (at > 0) parts.push(<wbr key={at} />);
    parts.push(part);
    at += part.length;
  }
  return parts;
}
