'use client';
/** Asks before something is removed. What cannot be undone wants the name typed. */
import { type ReactNode, useState } from 'react';
import { Button } from './button.tsx';
import { Dialog } from './dialog.tsx';
import { TextField } from './field.tsx';
import { Notice } from './notice.tsx';

export function Confirm({
  trigger,
  label,
  title,
  children,
  action,
  typed,
  onConfirm,
}: {
  trigger: ReactNode;
  /** Read out instead of the trigger, where several of them stand in one page. */
  label?: string;
  title: string;
  children: ReactNode;
  action: string;
  /** Must be typed first. */
  typed?: string;
  onConfirm: () => Promise<void>;
}) {
  const [open, setOpen] = useState(false);
  const [text, setText] = useState('');
  const [busy, setBusy] = useState(false);
  const [failure, setFailure] = useState<string | null>(null);
  const begin = () => {
    setText('');
    setFailure(null);
    setOpen(true);
  };
  const run = async () => {
    setBusy(true);
    setFailure(null);
    try {
      await onConfirm();
      setOpen(false);
    } catch (error) {
      setFailure(error instanceof Error ? error.message : String(error));
    } finally {
      setBusy(false);
    }
  };
  return (
    <>
      <Button look="danger" aria-label={label} onClick={begin}>
        {trigger}
      </Button>
      <Dialog open={open} onOpenChange={setOpen} title={title}>
        <form
          className="space-y-4"
          onSubmit={(event) => {
            event.preventDefault();
            void run();
          }}
        >
          <div className="text-quiet">{children}</div>
          {typed !== undefined && (
            <TextField
              label={`Type “${typed}” to confirm`}
              value={text}
              autoComplete="off"
              onChange={(event) => setText(event.target.value)}
            />
          )}
          {failure && <Notice tone="bad">{failure}</Notice>}
          <div className="flex justify-end gap-2">
            <Button onClick={() => setOpen(false)}>Keep</Button>
            <Button type="submit" look="danger" busy={busy} disabled={typed !== undefined && text !== typed}>
              {action}
            </Button>
          </div>
        </form>
      </Dialog>
    </>
  );
}
