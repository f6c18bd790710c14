'use client';
/** Light, dark, or as the system has it. */
import { Toggle } from '@base-ui/react/toggle';
import { ToggleGroup } from '@base-ui/react/toggle-group';
import { Monitor, Moon, Sun } from 'lucide-react';
import { useState } from 'react';

const CHOICES = [
  ['system', 'As the system', Monitor],
  ['light', 'Light', Sun],
  ['dark', 'Dark', Moon],
] as const;

export function ThemeSwitch({ initial }: { initial: string }) {
  const [theme, setTheme] = useState(initial);
  const choose = (chosen: string | undefined) => {
    if (chosen === undefined) return;
    setTheme(chosen);
    if (chosen === 'system') delete document.documentElement.dataset.theme;
    else document.documentElement.dataset.theme = chosen;
    // biome-ignore lint/suspicious/noDocumentCookie: Cookie Store is not in every browser that Next supports
    document.cookie = `skein-theme=${chosen}; path=/; max-age=31536000; samesite=lax`;
  };
  return (
    <ToggleGroup
      aria-label="Colours"
      value={[theme]}
      onValueChange={(value) => choose(value[0])}
      className="inline-flex rounded-md border border-line p-0.5"
    >
      {CHOICES.map(([value, label, Icon]) => (
        <Toggle
          key={value}
          value={value}
          aria-label={label}
          title={label}
          className="rounded-sm px-2 py-1 text-faint hover:text-ink data-[pressed]:bg-sunken data-[pressed]:text-ink"
        >
          <Icon size={15} aria-hidden />
        </Toggle>
      ))}
    </ToggleGroup>
  );
}
