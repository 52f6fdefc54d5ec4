import { existsSync } from 'node:fs';
import { join, posix } from 'node:path';
import { root } from './library.mjs';

/** Files of the repository that pages show or offer, which are copied to the same place as pages. */
const COPIED = /^docs\/.+\.(json|png|svg)$/;

/** Makes links of Markdown files into links of the site. */
export class Links {
  /** Files to copy: from a path in the repository to one on the site. */
  copies = new Map();

  /**
   * @param pages the pages by their Markdown file
   * @param sourceUrl address of the repository's files on a code host, without a slash at the end; undefined: there is none
   */
  constructor(pages, sourceUrl) {
    this.pages = pages;
    this.sourceUrl = sourceUrl;
  }

  /**
   * Returns the address of a link on the site, relative to the page; undefined if the target is a file of the repository
   * that the site does not have.
   * @param source Markdown file with the link
   */
  resolve(source, href) {
    if (/^([a-z]+:|#|\/\/)/i.test(href)) return href;
    const [path, ...anchor] = href.split('#');
    const target = posix.join(posix.dirname(source), decodeURI(path));
    const suffix = anchor.length > 0 ? `#${anchor.join('#')}` : '';
    const from = posix.dirname(this.pages.get(source).path);
    const page = this.pages.get(target) ?? this.pages.get(posix.join(target, 'README.md'));
    if (page !== undefined) return posix.relative(from, page.path) + suffix;
    if (COPIED.test(target) && existsSync(join(root, target))) {
      const copy = target.replace(/^docs\/(assets\/)?/, (_, image) => (image === undefined ? '' : 'images/'));
      this.copies.set(target, copy);
      return posix.relative(from, copy) + suffix;
    }
    return this.sourceUrl === undefined ? undefined : `${this.sourceUrl}/${target}${suffix}`;
  }
}
