// Without this Grafast prints, when it is loaded, that it runs in production mode. Loaded before everything else of PostGraphile.
process.env.GRAPHILE_ENV ??= 'production';
