/// <reference lib="dom" />
/**
 * What people with other eyes or hands would trip over, as far as the page itself tells: controls without a name, text
 * too faint for its ground, ids that name two things, content wider than its dialog.
 */
import type { Page } from 'playwright-core';

/** WCAG 2.2, 1.4.3: text of this size. */
const CONTRAST = 4.5;

/** Resolves when nothing fades any more: colours that are on their way are neither the old nor the new. */
export async function settled(page: Page): Promise<void> {
  await page.evaluate(async () => {
    const moving = document.getAnimations().filter((one) => one instanceof CSSTransition);
    await Promise.allSettled(moving.map((one) => one.finished));
  });
}

/** Words that name the control or the text; none where all is well. */
export function complaintsOf(page: Page): Promise<string[]> {
  return page.evaluate((least) => {
    const found = new Set<string>();
    const seen = (element: Element) => {
      const { width, height } = element.getBoundingClientRect();
      return width > 1 && height > 1 && element.checkVisibility({ visibilityProperty: true });
    };
    const words = (element: Element) => (element.textContent ?? '').replace(/\s+/g, ' ').trim().slice(0, 60);

    const nameOf = (element: Element) => {
      const by = element.getAttribute('aria-labelledby')?.split(' ') ?? [];
      const labels = 'labels' in element ? [...((element as HTMLInputElement).labels ?? [])] : [];
      const images = [...element.querySelectorAll('[aria-label]')].map((one) =>
        one.getAttribute('aria-label'),
      );
      return [
        element.getAttribute('aria-label'),
        ...by.map((id) => document.getElementById(id)?.textContent),
        ...labels.map((label) => label.textContent),
        element.matches('input, select, textarea') ? '' : element.textContent,
        ...images,
      ].some((name) => name?.trim());
    };
    for (const control of document.querySelectorAll(
      'button, a[href], input, select, textarea, summary, [role=dialog]',
    ))
      if (seen(control) && !nameOf(control)) found.add(`no name: ${control.outerHTML.slice(0, 120)}`);

    const ids = new Set<string>();
    for (const { id } of document.querySelectorAll('[id]')) {
      if (ids.has(id)) found.add(`two things have the id ${id}`);
      ids.add(id);
    }

    for (const dialog of document.querySelectorAll('[role=dialog]'))
      if (dialog.scrollWidth > dialog.clientWidth) found.add(`wider than its dialog: ${words(dialog)}`);

    const pen = new OffscreenCanvas(1, 1).getContext('2d', { willReadFrequently: true });
    if (!pen) return ['this browser cannot tell colours'];
    const known = new Map<string, number[]>();
    /** Red, green, blue and opacity, each 0 to 255, of any CSS colour. */
    const rgba = (colour: string) => {
      let value = known.get(colour);
      if (!value) {
        pen.clearRect(0, 0, 1, 1);
        pen.fillStyle = colour;
        pen.fillRect(0, 0, 1, 1);
        value = [...pen.getImageData(0, 0, 1, 1).data];
        known.set(colour, value);
      }
      return value;
    };
    const groundOf = (element: Element) => {
      for (let one: Element | null = element; one; one = one.parentElement) {
        const colour = rgba(getComputedStyle(one).backgroundColor);
        if ((colour[3] ?? 0) > 250) return colour;
      }
      return [255, 255, 255, 255];
    };
    const luminance = (colour: readonly number[]) => {
      const [red = 0, green = 0, blue = 0] = colour.map((part) => {
        const share = part / 255;
        return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
      });
      return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
    };
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    for (let node = walker.nextNode(); node; node = walker.nextNode()) {
      const element = node.parentElement;
      if (!element || !node.textContent?.trim() || !seen(element)) continue;
      if (element.closest('svg, script, style, :disabled')) continue;
      const one = luminance(rgba(getComputedStyle(element).color));
      const other = luminance(groundOf(element));
      const contrast = (Math.max(one, other) + 0.05) / (Math.min(one, other) + 0.05);
      if (contrast < least) found.add(`contrast ${contrast.toFixed(2)}: ${words(element)}`);
    }
    return [...found];
  }, CONTRAST);
}
