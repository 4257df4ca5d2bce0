"""GDAL's drivers that the child does without: all but those for GeoTIFF and Shapefile.

GDAL can leave drivers out but cannot be told which alone to keep, so the others are listed here: those of
GDAL 3.10 to 3.12 with all its optional libraries. Names that a build lacks do no harm. What is not registered
cannot be reached by a renamed file, a link in a file, or a prefix of a name.
"""

from __future__ import annotations

_OTHERS = """
    AAIGrid, ACE2, ADBC, ADRG, AERONAVFAA, AIG, AirSAR, AIVector, AmigoCloud, ARCGEN, ArcSDE, Arrow, AVCBin,
    AVCE00, AVIF, BAG, Basisu, BIGGIF, BLX, BMP, BNA, BSB, BT, BYN, CAD, Cadlib, CALS, Carto, CEOS,
    Cloudant, COASP, COG, COSAR, CouchDB, CPG, CSV, CSW, CTable2, CTG, DAAS, DB2ODBC, DDS, DERIVED, DGN,
    DIMAP, DIPEx, DODS, DOQ1, DOQ2, DTED, DWG, DXF, ECRGTOC, ECW, EDIGEO, EEDA, EEDAI, EHdr, EIR, ELAS,
    Elasticsearch, ElasticSearch, ENVI, ERS, ESAT, ESRIC, ESRIJSON, EXR, FAST, FileGDB, FIT, FITS,
    FlatGeobuf, GDALG, GenBin, GeoJSON, GeoJSONSeq, Geomedia, GEOR, GeoRaster, GeoRSS, GFF, GFT, GIF, GME,
    GML, GMLAS, GMT, GNMDatabase, GNMFile, GPKG, GPSBabel, GPX, GRASSASCIIGrid, GRIB, GS7BG, GSAG, GSBG,
    GSC, GTA, GTFS, GTI, GTX, GXF, HANA, HDF4, HDF4Image, HDF5, HDF5Image, HEIF, HF2, HFA, HTF, HTTP, IDB,
    Idrisi, ILWIS, INGRES, Interlis 1, Interlis 2, IRIS, ISCE, ISG, ISIS2, ISIS3, JAXAPALSAR, JDEM, JML,
    JP2ECW, JP2KAK, JP2Lura, JP2MrSID, JP2OpenJPEG, JPEG, JPEGLS, JPEGXL, JPIPKAK, JSONFG, KEA, KML,
    KMLSUPEROVERLAY, KRO, KTX2, L1B, LAN, LCP, LERC, Leveller, LIBERTIFF, LIBKML, LOSLAS, LVBAG, MAP,
    MapInfo File, MapML, MBTiles, MFF, MFF2, MG4Lidar, MiraMonRaster, MiraMonVector, MongoDBv3, MRF, MrSID,
    MSG, MSGN, MSSQLSpatial, MVT, MySQL, NDF, netCDF, NetCDF, NGSGEOID, NGW, NITF, NOAA_B, NSIDCbin, NTF,
    NTv2, NWT_GRC, NWT_GRD, OAPIF, OCI, ODBC, ODS, OGCAPI, OGR_GMT, OGR_PDS, OGR_SDTS, OGR_VRT, OpenAir,
    OpenFileGDB, OpenJPEG, OSM, OZI, PARQUET, Parquet, PAux, PCIDSK, PCRaster, PDF, PDS, PDS4, PGDUMP, PGeo,
    PLMOSAIC, PLSCENES, PMTiles, PNG, PNM, PostGISRaster, PostGISRasterTileIndex, PostgreSQL,
    PostgreSQLRaster, PRF, R, Rasterlite, RasterLite2, REC, RIK, RMF, ROI_PAC, RPFTOC, RRASTER, RS2, RST,
    S102, S104, S111, S57, SAFE, SAGA, SAR_CEOS, SDE, SDTS, SEGUKOOA, SEGY, Selafin, SENTINEL2, SGI, SIGDEM,
    SNAP_TIFF, SNODAS, SOSI, SQLite, SRP, SRTMHGT, STACIT, STACTA, SUA, SVG, SXF, Terragen, TGA, TIGER, TIL,
    TileDB, TileDBMultiDim, TopoJSON, TSX, UK_NTF, USGSDEM, VDV, VFK, VICAR, VRT, WALK, WAsP, WCS, WEBP,
    WFS, WMS, WMTS, XLS, XLSX, XODR, XPLANE, XPM, XYZ, Zarr, ZMap
"""

SKIPPED = ",".join(name.strip() for name in _OTHERS.replace("\n", " ").split(","))
"""For `GDAL_SKIP`; commas, because names hold spaces."""
