import { randomBytes } from 'node:crypto';
import type { Member } from '@chorus/cluster';
import { eventually, patiently } from '@chorus/testing';
import type { Browser, BrowserContext, BrowserContextOptions, Locator, Page } from 'playwright-core';
import type { TestCluster } from '../../support/servers/cluster.js';
import { type Line, openLine } from './line.js';
import { PageNotes } from './page-notes.js';

export interface VisitorOptions {
  /** Gateways for this user's sockets. Default: all. */
  gateways?: readonly Member[];
  /** Signs up. Default true. */
  signUp?: boolean;
  /** The exact name to sign up with; default: a unique one. */
  username?: string;
  context?: BrowserContextOptions;
}

const PASSWORD = 'a password';

/** Limit for anything on a page, in milliseconds; generous for busy machines. */
const PATIENCE_MS = patiently(15_000);

/** A user with a separate browser context (cookies, storage) and a separate connection to Chorus. */
export class Visitor {
  constructor(
    readonly username: string,
    readonly email: string,
    readonly context: BrowserContext,
    readonly line: Line,
    readonly page: Page,
    readonly notes: PageNotes,
  ) {}

  readonly password = PASSWORD;

  get log(): Locator {
    return this.page.getByRole('log', { name: 'Messages' });
  }

  get composer(): Locator {
    return this.page.getByRole('textbox', { name: 'Message', exact: true });
  }

  get connection(): Locator {
    return this.page.getByRole('status', { name: 'Connection' });
  }

  /** Opens another tab of this browser context. */
  async tab(): Promise<{ page: Page; notes: PageNotes }> {
    const page = await this.context.newPage();
    const notes = new PageNotes(page);
    await page.goto(this.page.url());
    return { page, notes };
  }

  async signUp(): Promise<void> {
    const { page } = this;
    await page.getByRole('button', { name: 'Create an account' }).click();
    await page.getByRole('textbox', { name: 'User name' }).fill(this.username);
    await page.getByRole('textbox', { name: 'E-mail' }).fill(this.email);
    await page.getByLabel('Password').fill(PASSWORD);
    await page.getByRole('button', { name: 'Create account' }).click();
    await this.connected();
  }

  async connected(): Promise<void> {
    await this.connection.filter({ hasText: /^Connected$/ }).waitFor();
  }

  async createRoom(name: string): Promise<void> {
    const { page } = this;
    await page.getByRole('button', { name: 'New room' }).click();
    const dialog = page.getByRole('dialog', { name: 'New room' });
    await dialog.getByRole('textbox', { name: 'Room name' }).fill(name);
    await dialog.getByRole('button', { name: 'Create' }).click();
    await this.inRoom(name);
  }

  /** Chooses a room in the list. */
  async openRoom(name: string): Promise<void> {
    const { page } = this;
    const link = this.roomLink(name);
    // Rooms of others appear only after some time.
    if ((await link.count()) === 0) await page.getByRole('button', { name: 'Refresh rooms' }).click();
    await link.click();
    await this.inRoom(name);
  }

  /** Goes to a room by its address. */
  async goToRoom(id: number): Promise<void> {
    await this.page.goto(`${this.line.url}/#/rooms/${id}`);
    await this.composer.waitFor();
  }

  roomLink(name: string): Locator {
    const list = this.page.getByRole('list', { name: 'Rooms' });
    return list.getByRole('link', { name });
  }

  async inRoom(name: string): Promise<void> {
    await this.page.getByRole('heading', { level: 1, name, exact: true }).waitFor();
    await this.composer.waitFor();
  }

  /** Id of the room in view. */
  roomId(): number {
    return Number(/#\/rooms\/(\d+)$/.exec(this.page.url())?.[1]);
  }

  async say(text: string): Promise<void> {
    await this.composer.fill(text);
    await this.page.keyboard.press('Enter');
  }

  /** The message with that text. */
  message(text: string): Locator {
    return this.log.getByRole('article').filter({ has: this.page.getByText(text, { exact: true }) });
  }

  /** All messages on this page, in order. */
  said(): Promise<string[]> {
    return this.log
      .getByRole('article')
      .evaluateAll((articles) => articles.map((article) => article.querySelector('p')?.textContent ?? ''));
  }

  /** Waits until one of the user's own messages has this state. */
  async delivered(text: string, state: 'Sent' | 'Waiting' | 'Sending' | 'Not sent'): Promise<void> {
    await this.message(text).getByRole('img', { name: state, exact: true }).waitFor();
  }

  /** Names in the list of members. */
  people(): Promise<string[]> {
    return this.page
      .getByRole('list', { name: 'People here' })
      .getByRole('listitem')
      .evaluateAll((items) => items.map((item) => item.querySelector('bdi')?.textContent ?? ''));
  }

  /** Waits until exactly these members are listed. */
  async sees(people: readonly string[]): Promise<void> {
    const wanted = [...people].sort().join();
    await eventually(async () => {
      const seen = (await this.people()).sort().join();
      if (seen !== wanted) throw new Error(`here are ${seen} and not ${wanted}`);
    });
  }

  async signOut(): Promise<void> {
    await this.page.getByRole('button', { name: 'Sign out' }).click();
    await this.page.getByRole('button', { name: 'Sign in' }).waitFor();
  }

  async close(): Promise<void> {
    await this.context.close();
    await this.line.close();
  }
}

/** Opens the page for a new user. */
export async function openVisitor(
  browser: Browser,
  cluster: TestCluster,
  name: string,
  options: VisitorOptions = {},
): Promise<Visitor> {
  const line = await openLine(cluster.apis, options.gateways ?? cluster.gateways);
  const unique = `${name}-${randomBytes(3).toString('hex')}`;
  const context = await browser.newContext({
    ...{ locale: 'en-GB', viewport: { width: 1280, height: 800 }, reducedMotion: 'reduce' },
    ...options.context,
  });
  context.setDefaultTimeout(PATIENCE_MS);
  // The compiler of the tests calls this in the functions that they run on the page.
  await context.addInitScript('globalThis.__name = (it) => it');
  const page = await context.newPage();
  const email = `${unique.replaceAll(' ', '-')}@example.com`;
  const username = options.username ?? unique;
  const visitor = new Visitor(username, email, context, line, page, new PageNotes(page));
  try {
    await page.goto(line.url);
    if (options.signUp ?? true) await visitor.signUp();
  } catch (error) {
    await visitor.close();
    throw error;
  }
  return visitor;
}
