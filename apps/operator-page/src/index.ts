export { type PageFile, pageFiles } from './page-files.js';
