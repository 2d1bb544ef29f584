/** Name and version written into every file. */
export const softwareVersion = '0.1.0';
export const softwareName = `em-stitch ${softwareVersion}`;
