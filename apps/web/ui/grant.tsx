'use client';
/** The texts that are pasted into a cloud so that Skein may do there what it does, and nothing more. */
import { GrantDocument } from '@skein/contract/rest/account.ts';
import { pageOf } from '@skein/contract/rest/page.ts';
import { useEffect, useState } from 'react';
import { call } from '../fetch/call.ts';
import { CopyBlock } from './copy.tsx';
import { Notice } from './notice.tsx';

const Documents = pageOf(GrantDocument);

/** @param path below `/api/v1`, where the documents are answered; read again when it changes */
export function Grant({ path }: { path: string }) {
  const [loaded, setLoaded] = useState<{ path: string; documents: GrantDocument[] } | null>(null);
  const [failure, setFailure] = useState<{ path: string; words: string } | null>(null);
  useEffect(() => {
    let left = false;
    call('GET', path, Documents).then(
      ({ items }) => !left && setLoaded({ path, documents: items }),
      (error: unknown) =>
        !left && setFailure({ path, words: error instanceof Error ? error.message : String(error) }),
    );
    return () => {
      left = true;
    };
  }, [path]);
  if (failure?.path === path) return <Notice tone="bad">{failure.words}</Notice>;
  if (loaded?.path !== path)
    return (
      <p role="status" className="text-sm text-faint">
        Writing the documents…
      </p>
    );
  return (
    <div className="space-y-3">
      {loaded.documents.map((one) => (
        <CopyBlock key={one.title} title={one.title} text={one.text} />
      ))}
    </div>
  );
}
