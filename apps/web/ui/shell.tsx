'use client';
/** The frame around every page: where one can go, who one is. */
import { Dialog } from '@base-ui/react/dialog';
import type { Me } from '@skein/contract/rest/account.ts';
import { Activity, BookText, Cloud, KeyRound, LogOut, Menu, ScrollText, Waypoints, X } from 'lucide-react';
import Link from 'next/link';
import { usePathname } from 'next/navigation';
import { type ReactNode, useEffect, useState } from 'react';
import { ThemeSwitch } from './theme-switch.tsx';
import { Wordmark } from './wordmark.tsx';

const PLACES = [
  ['/', 'Networks', Waypoints],
  ['/operations', 'Operations', Activity],
  ['/cloud-accounts', 'Cloud accounts', Cloud],
  ['/tokens', 'API tokens', KeyRound],
  ['/audit', 'Audit', ScrollText],
  ['/api-reference', 'API reference', BookText],
] as const;

const isHere = (path: string, href: string) =>
  href === '/' ? path === '/' || path.startsWith('/networks') : path === href || path.startsWith(`${href}/`);

export function Shell({ me, theme, children }: { me: Me; theme: string; children: ReactNode }) {
  return (
    <div className="lg:grid lg:grid-cols-[15rem_minmax(0,1fr)]">
      <a
        href="#content"
        className="sr-only z-50 rounded-md bg-ink px-4 py-2 text-paper focus:not-sr-only focus:fixed focus:top-3 focus:left-3"
      >
        Skip to content
      </a>
      <aside className="sticky top-0 hidden h-dvh flex-col border-r border-line px-3 py-5 lg:flex">
        <Link href="/" aria-label="Skein: networks" className="mb-7 px-2.5">
          <Wordmark small />
        </Link>
        <Places />
        <Person me={me} theme={theme} />
      </aside>
      <TopBar me={me} theme={theme} />
      <main
        id="content"
        tabIndex={-1}
        className="mx-auto w-full max-w-[76rem] px-4 py-7 outline-none sm:px-8 lg:py-10"
      >
        {children}
      </main>
    </div>
  );
}

function TopBar({ me, theme }: { me: Me; theme: string }) {
  const [open, setOpen] = useState(false);
  const path = usePathname();
  // biome-ignore lint/correctness/useExhaustiveDependencies: going somewhere closes the menu
  useEffect(() => setOpen(false), [path]);
  return (
    <div className="sticky top-0 z-30 flex items-center justify-between border-b border-line bg-paper px-4 py-2.5 lg:hidden">
      <Link href="/" aria-label="Skein: networks">
        <Wordmark small />
      </Link>
      <Dialog.Root open={open} onOpenChange={setOpen}>
        <Dialog.Trigger aria-label="Menu" className="-mr-2 rounded-md p-2 hover:bg-sunken">
          <Menu size={20} aria-hidden />
        </Dialog.Trigger>
        <Dialog.Portal>
          <Dialog.Backdrop className="fixed inset-0 z-40 bg-[oklch(0.2_0.02_235/0.45)]" />
          <Dialog.Popup className="fixed inset-y-0 right-0 z-50 flex w-[17rem] flex-col border-l border-line bg-paper px-3 py-4">
            <div className="mb-4 flex items-center justify-between px-2.5">
              <Dialog.Title className="font-semibold">Menu</Dialog.Title>
              <Dialog.Close aria-label="Close" className="-mr-2 rounded-md p-2 hover:bg-sunken">
                <X size={19} aria-hidden />
              </Dialog.Close>
            </div>
            <Places />
            <Person me={me} theme={theme} />
          </Dialog.Popup>
        </Dialog.Portal>
      </Dialog.Root>
    </div>
  );
}

function Places() {
  const path = usePathname();
  return (
    <nav aria-label="Main">
      <ul className="space-y-0.5">
        {PLACES.map(([href, title, Icon]) => {
          const here = isHere(path, href);
          return (
            <li key={href}>
              <Link
                href={href}
                aria-current={here ? 'page' : undefined}
                className={`flex items-center gap-2.5 rounded-md px-2.5 py-1.5 ${
                  here ? 'bg-sunken font-medium text-ink' : 'text-quiet hover:bg-sunken hover:text-ink'
                }`}
              >
                <Icon size={17} className={here ? 'text-accent' : 'text-faint'} aria-hidden />
                {title}
              </Link>
            </li>
          );
        })}
      </ul>
    </nav>
  );
}

function Person({ me, theme }: { me: Me; theme: string }) {
  const signOut = async () => {
    await fetch('/api/auth/sign-out', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: '{}',
    });
    location.assign('/sign-in');
  };
  return (
    <div className="mt-auto space-y-3 px-2.5">
      <div className="min-w-0">
        <p className="truncate font-medium">{me.organization.name}</p>
        <p className="truncate text-sm text-faint">{me.user?.email}</p>
      </div>
      <div className="flex items-center justify-between">
        <ThemeSwitch initial={theme} />
        <button
          type="button"
          onClick={() => void signOut()}
          aria-label="Sign out"
          title="Sign out"
          className="rounded-md p-2 text-faint hover:bg-sunken hover:text-ink"
        >
          <LogOut size={16} aria-hidden />
        </button>
      </div>
    </div>
  );
}
