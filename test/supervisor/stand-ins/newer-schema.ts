/** Stands where the migrations stand that find a schema newer than themselves. */
console.error('The database is newer than this program.');
process.exitCode = 3;
