'use client';
/** One part of a plan, folded where it is long and of less interest. */
import { ChevronRight } from 'lucide-react';
import type { ReactNode } from 'react';

export function PlanPart({
  title,
  about,
  open = true,
  children,
}: {
  title: string;
  about: ReactNode;
  open?: boolean;
  children: ReactNode;
}) {
  return (
    <details open={open} className="group rounded-lg border border-line bg-raised">
      <summary className="flex cursor-pointer list-none flex-wrap items-center gap-x-3 gap-y-1 px-5 py-3.5">
        <ChevronRight
          size={16}
          className="shrink-0 text-faint transition-transform group-open:rotate-90"
          aria-hidden
        />
        <h2 className="font-semibold tracking-tight">{title}</h2>
        <span className="text-sm text-quiet">{about}</span>
      </summary>
      <div className="border-t border-line">{children}</div>
    </details>
  );
}

/** Rows of a part. */
export function PlanRows({ children }: { children: ReactNode }) {
  return <ul className="divide-y divide-line text-sm">{children}</ul>;
}

export function PlanRow({ children }: { children: ReactNode }) {
  return <li className="flex items-start gap-3 px-5 py-2">{children}</li>;
}
