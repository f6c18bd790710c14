/** Buttons and links that look like them. */
import { LoaderCircle } from 'lucide-react';
import Link from 'next/link';
import type { ComponentProps, ReactNode } from 'react';

type Look = 'primary' | 'plain' | 'quiet' | 'danger';

const LOOKS: Record<Look, string> = {
  primary: 'bg-ink text-paper hover:opacity-88 border-transparent',
  plain: 'bg-raised border-line hover:border-line-strong',
  quiet: 'border-transparent text-quiet hover:bg-sunken hover:text-ink',
  danger: 'bg-raised border-line text-bad hover:border-bad',
};
const BASE =
  'inline-flex min-h-9 items-center justify-center gap-2 whitespace-nowrap rounded-md border px-3.5 py-1.5 text-sm font-medium transition-[border-color,background-color,opacity] disabled:cursor-not-allowed disabled:opacity-50';

export function buttonLook(look: Look = 'plain', extra = '') {
  return `${BASE} ${LOOKS[look]} ${extra}`;
}

export function Button({
  look = 'plain',
  busy = false,
  className = '',
  children,
  ...rest
}: ComponentProps<'button'> & { look?: Look; busy?: boolean }) {
  return (
    <button
      type="button"
      {...rest}
      disabled={rest.disabled || busy}
      aria-busy={busy || undefined}
      className={buttonLook(look, className)}
    >
      {busy && <LoaderCircle size={15} className="turning" aria-hidden />}
      {children}
    </button>
  );
}

export function ButtonLink({
  look = 'plain',
  href,
  children,
}: {
  look?: Look;
  href: string;
  children: ReactNode;
}) {
  return (
    <Link href={href} className={buttonLook(look)}>
      {children}
    </Link>
  );
}
