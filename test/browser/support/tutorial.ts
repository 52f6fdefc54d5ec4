import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import type { Browser, Page } from 'playwright-core';
import { root } from '../../support/root.js';

/** What a reader of a tutorial types. */
export interface Tutorial {
  /** The code by file, as the reader has it at the end: later blocks are appended to earlier ones. */
  readonly files: ReadonlyMap<string, string>;
  /** Blocks of commands, in their order. */
  readonly commands: readonly string[];
}

/** @throws if the tutorial has other files than the given ones, or a block of another kind */
export async function readTutorial(name: string, wanted: readonly string[]): Promise<Tutorial> {
  const text = await readFile(join(root, 'docs', 'tutorial', `${name}.md`), 'utf8');
  const files = new Map<string, string>();
  const commands: string[] = [];
  for (const [block, info = '', code = ''] of text.matchAll(/^```(.+)\n([\s\S]*?)^```$/gm)) {
    const [kind = '', file = ''] = info.split(' ');
    if (info === 'sh') commands.push(code);
    else if (/^(js|jsx|html)$/.test(kind) && file) files.set(file, (files.get(file) ?? '') + code);
    else throw new Error(`the tutorial ${name} has a block of another kind: ${block}`);
  }
  expect([...files.keys()]).to.deep.equal(wanted);
  return { files, commands };
}

/** Opens the page of a tutorial as a user of its own browser, and signs up or in. */
export async function enterChat(
  browser: Browser,
  address: string,
  name: string,
  button: 'Sign up' | 'Sign in',
): Promise<Page> {
  const context = await browser.newContext();
  const page = await context.newPage();
  await page.goto(address);
  await page.getByPlaceholder('User name').fill(name);
  await page.getByPlaceholder('Password').fill('a good one');
  await page.getByRole('button', { name: button }).click();
  await page.getByPlaceholder('Message').waitFor();
  return page;
}

export async function send(page: Page, text: string): Promise<void> {
  await page.getByPlaceholder('Message').fill(text);
  await page.getByRole('button', { name: 'Send' }).click();
}

export function shows(page: Page, text: string): Promise<void> {
  return page.getByText(text, { exact: true }).waitFor();
}
