'use client';
import { type FormEvent, useState } from 'react';
import { CallFailure, callQuietly } from '../../fetch/call.ts';
import { Button } from '../../ui/button.tsx';
import { TextField } from '../../ui/field.tsx';
import { Notice } from '../../ui/notice.tsx';

export function SetupForm({ link }: { link: string }) {
  const [busy, setBusy] = useState(false);
  const [failure, setFailure] = useState<unknown>(null);
  const problemOf = (path: string) => (failure instanceof CallFailure ? failure.of(path) : undefined);

  async function submit(event: FormEvent<HTMLFormElement>) {
    event.preventDefault();
    const form = Object.fromEntries(new FormData(event.currentTarget));
    setBusy(true);
    setFailure(null);
    try {
      await callQuietly('POST', '/setup', { link, ...form });
      location.assign('/');
    } catch (error) {
      setFailure(error);
      setBusy(false);
    }
  }

  return (
    <form onSubmit={submit} className="space-y-4">
      <TextField
        label="Organization"
        name="organization"
        required
        maxLength={60}
        problem={problemOf('organization')}
      />
      <TextField label="Your name" name="name" autoComplete="name" required problem={problemOf('name')} />
      <TextField
        label="E-mail"
        name="email"
        type="email"
        autoComplete="username"
        required
        problem={problemOf('email')}
      />
      <TextField
        label="Password"
        name="password"
        type="password"
        autoComplete="new-password"
        required
        minLength={12}
        help="12 characters or more"
        problem={problemOf('password')}
      />
      {failure instanceof Error && <Notice tone="bad">{failure.message}</Notice>}
      <Button type="submit" look="primary" busy={busy}>
        Set up
      </Button>
    </form>
  );
}
