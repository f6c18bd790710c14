'use client';
/** Dialogs: focus stays inside, Escape closes, focus goes back. */
import { Dialog as Base } from '@base-ui/react/dialog';
import { X } from 'lucide-react';
import type { ReactNode } from 'react';

export function Dialog({
  open,
  onOpenChange,
  title,
  lead,
  wide = false,
  children,
}: {
  open: boolean;
  onOpenChange: (open: boolean) => void;
  title: string;
  lead?: ReactNode;
  /** Room for tables. */
  wide?: boolean;
  children: ReactNode;
}) {
  return (
    <Base.Root open={open} onOpenChange={onOpenChange}>
      <Base.Portal>
        <Base.Backdrop className="fixed inset-0 z-40 bg-[oklch(0.2_0.02_235/0.45)] transition-opacity data-[ending-style]:opacity-0 data-[starting-style]:opacity-0" />
        <Base.Popup
          className={`fixed inset-x-0 bottom-0 z-50 max-h-[92dvh] overflow-y-auto rounded-t-lg border border-line bg-raised p-6 shadow-[0_18px_60px_var(--shadow)] transition-[transform,opacity] duration-150 data-[ending-style]:opacity-0 data-[starting-style]:translate-y-2 data-[starting-style]:opacity-0 sm:inset-auto sm:left-1/2 sm:-translate-x-1/2 sm:rounded-lg ${
            wide
              ? 'sm:top-[5dvh] sm:max-h-[90dvh] sm:w-[min(60rem,calc(100vw-2rem))]'
              : 'sm:top-[12dvh] sm:max-h-[80dvh] sm:w-[34rem]'
          }`}
        >
          <div className="mb-4 flex items-start justify-between gap-4">
            <div>
              <Base.Title className="text-lg font-semibold tracking-tight">{title}</Base.Title>
              {lead && <Base.Description className="mt-1 text-sm text-quiet">{lead}</Base.Description>}
            </div>
            <Base.Close
              aria-label="Close"
              className="-mt-1 -mr-1 rounded-md p-1.5 text-faint hover:bg-sunken hover:text-ink"
            >
              <X size={18} aria-hidden />
            </Base.Close>
          </div>
          {children}
        </Base.Popup>
      </Base.Portal>
    </Base.Root>
  );
}
