// The presets: what makes the schema chime a GraphQL API, for any PostGraphile server, and what our own server adds to that.
import './quiet.ts';
import 'postgraphile';
import { PostGraphileAmberPreset } from 'postgraphile/presets/amber';
import { CatalogPlugin } from './catalog_plugin.ts';
import { CodecsPlugin } from './codecs.ts';
import { DescriptionsPlugin } from './descriptions.ts';
import { maskOthers } from './errors.ts';
import { NamingPlugin } from './naming.ts';
import { NullabilityPlugin } from './nullability.ts';
import { PagesPlugin } from './pages.ts';
import { PatchesPlugin } from './patches.ts';
import { PayloadsPlugin } from './payloads.ts';
import { ServerTextsPlugin } from './server_texts.ts';

/**
 * The schema chime in GraphQL, for any PostGraphile server that has it among its `schemas`: where it is not the first of them, all names
 * begin with chime. What is the server's own stays as it is.
 */
export const chimePreset: GraphileConfig.Preset = {
  grafserv: { maskError: maskOthers },
  plugins: [
    CatalogPlugin,
    CodecsPlugin,
    NamingPlugin,
    PagesPlugin,
    PatchesPlugin,
    PayloadsPlugin,
    NullabilityPlugin,
    DescriptionsPlugin,
  ],
};

export const serverPreset: GraphileConfig.Preset = {
  extends: [PostGraphileAmberPreset, chimePreset],
  plugins: [ServerTextsPlugin],
  // All of our names are ASCII, and looking for other letters in each of them takes a tenth of what the schema takes.
  disablePlugins: ['NodePlugin', 'QueryQueryPlugin', 'TransliterationPlugin'],
};
