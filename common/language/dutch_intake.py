"""Dutch for the door: what a file is, and why it is not taken in."""

from __future__ import annotations

PLACES: dict[str, str] = {
    "{}, file {} of {}": "{}, bestand {} van {}",
    "{}, line {}": "{}, regel {}",
    "{}, line {}, column {}": "{}, regel {}, kolom {}",
}

DUTCH: dict[str, str] = {
    # The file itself
    "bring {} instead": "breng in plaats daarvan {}",
    "check it": "controleer het",
    "choose a file": "kies een bestand",
    "choose a file in it": "kies een bestand daarin",
    "choose a file with content": "kies een bestand met inhoud",
    "choose a part of it": "kies een deel ervan",
    "copy the files themselves": "kopieer de bestanden zelf",
    "give the file itself": "geef het bestand zelf",
    "split it, leave out what is not needed, or bring it in a more compact form": (
        "splits het, laat weg wat niet nodig is, of breng het in een compactere vorm"
    ),
    "the file cannot be opened ({})": "het bestand kan niet geopend worden ({})",
    "the file grew while it was read": "het bestand groeide tijdens het lezen",
    "the file has {} MB, more than the {} MB that are taken in": (
        "het bestand heeft {} MB, meer dan de {} MB die worden aangenomen"
    ),
    "the file is empty": "het bestand is leeg",
    "the folder holds more than {} files": "er staan meer dan {} bestanden in de map",
    "there is no such file": "dit bestand is er niet",
    "this is a folder": "dit is een map",
    "this is a link": "dit is een koppeling",
    "this is no plain file": "dit is geen gewoon bestand",
    "this looks like {}": "dit lijkt {}",
    "try again": "probeer het nog eens",
    # What `pilots check` says of it
    "'{}' holds text that a spreadsheet would run; exports defuse it": (
        "'{}' bevat tekst die een rekenblad zou uitvoeren; in exports wordt die onschadelijk gemaakt"
    ),
    "a time is too far off": "een tijd ligt te ver weg",
    "check the dates": "controleer de datums",
    "no pilot takes this kind of file": "geen enkele pilot neemt dit soort bestand aan",
    "part of a model: a whole model comes in by `pilots store import`": (
        "deel van een model: een heel model komt binnen met `pilots store import`"
    ),
    "the dates of '{}' are read as {}; state the order if it is another": (
        "de datums van '{}' zijn gelezen als {}; geef de volgorde op als het een andere is"
    ),
    "the sheet '{}' was read; left out: {}": "het werkblad '{}' is gelezen; weggelaten: {}",
    "{} of the times in '{}' lie before 1700 or after 2200 and count as empty": (
        "{} van de tijden in '{}' liggen vóór 1700 of na 2200 en tellen als leeg"
    ),
    "the cell holds no date or time that there is": "de cel bevat geen datum of tijd die bestaat",
    "write all of the column alike, with days and hours that exist": (
        "schrijf de hele kolom hetzelfde, met dagen en uren die bestaan"
    ),
    "the Excel workbook declares entities of its own": "de Excel-werkmap verklaart eigen entiteiten",
    "save it anew": "sla het opnieuw op",
    # The child that reads
    "export it anew from the program that made it": (
        "exporteer het opnieuw uit het programma dat het gemaakt heeft"
    ),
    "reading this {} took too long": "het lezen van deze {} duurde te lang",
    "the reader gave up on this {}, which is damaged or made to do harm": (
        "de lezer gaf deze {} op, die beschadigd is of gemaakt om schade te doen"
    ),
    "the reader of {} cannot be started": "de lezer voor {} kan niet gestart worden",
    "this {} cannot be read, being damaged or of an unusual kind (id {})": (
        "deze {} kan niet gelezen worden: beschadigd, of van een ongewone soort (id {})"
    ),
    "this {} needs too much memory": "deze {} vraagt te veel geheugen",
    # Archives
    "'{}' in it is a link": "'{}' erin is een koppeling",
    "'{}' in it is an archive itself": "'{}' erin is zelf een archief",
    "'{}' in it is damaged": "'{}' erin is beschadigd",
    "'{}' is packed in a way that is not taken in": (
        "'{}' is ingepakt op een manier die niet wordt aangenomen"
    ),
    "'{}' occurs twice in it": "'{}' komt er twee keer in voor",
    "a file in the ZIP archive is damaged": "een bestand in het ZIP-archief is beschadigd",
    "bring it unpacked, or a part of it": "breng het uitgepakt, of een deel ervan",
    "bring it without a password": "breng het zonder wachtwoord",
    "bring only what is needed": "breng alleen wat nodig is",
    "bring what is in it": "breng wat erin zit",
    "copy or pack it anew": "kopieer het of pak het opnieuw in",
    "entries of the ZIP archive overlap": "delen van het ZIP-archief overlappen elkaar",
    "export or copy it anew": "exporteer of kopieer het opnieuw",
    "it is cut off": "het is afgebroken",
    "it is damaged": "het is beschadigd",
    "pack it anew": "pak het opnieuw in",
    "pack it as a plain ZIP": "pak het in als gewone ZIP",
    "pack the file itself": "pak het bestand zelf in",
    "the ZIP archive holds {} entries, more than {}": "het ZIP-archief bevat {} delen, meer dan {}",
    "the ZIP archive is cut off": "het ZIP-archief is afgebroken",
    "the ZIP archive is damaged": "het ZIP-archief is beschadigd",
    "the ZIP archive is encrypted": "het ZIP-archief is versleuteld",
    "the name '{}' in it climbs out of its folder or is no plain name": (
        "de naam '{}' erin klimt uit zijn map of is geen gewone naam"
    ),
    "unpacked, it grows past {} MB from {} MB": "uitgepakt groeit het van {1} MB tot boven {0} MB",
    # JSON
    "a number of {} digits": "een getal van {} cijfers",
    "brackets are nested more than {} deep": "haakjes staan meer dan {} diep in elkaar",
    "brackets are nested too deep": "haakjes staan te diep in elkaar",
    "bring it without them": "breng het zonder",
    "here it is no valid JSON or cut off": "hier is het geen geldige JSON of afgebroken",
    "the name '{}' is given twice in one object": "de naam '{}' staat twee keer in één object",
    "this is no text, so no JSON": "dit is geen tekst, dus geen JSON",
    "write a number": "schrijf een getal",
    "write smaller numbers": "schrijf kleinere getallen",
}

WORDS: dict[str, str] = {
    # Kinds that are taken in
    "Excel workbook (XLSX)": "Excel-werkmap (XLSX)",
    "GeoJSON": "GeoJSON",
    "JSON of the suite": "JSON van de suite",
    "LightGBM model": "LightGBM-model",
    "NumPy arrays (NPZ)": "NumPy-arrays (NPZ)",
    "PNG or JPEG picture": "PNG- of JPEG-afbeelding",
    "Parquet": "Parquet",
    "delimited text (CSV)": "tekst met scheidingstekens (CSV)",
    "zipped Shapefile": "ingepakte Shapefile",
    "a table, field, raster, grid, scan, picture or routing problem": (
        "een tabel, veld, raster, grid, scan, afbeelding of ritplanning"
    ),
    "JSON": "JSON",
    "GeoTIFF": "GeoTIFF",
    "delimited text": "tekst met scheidingstekens",
    # What else a file may be
    "a 7-Zip archive": "een 7-Zip-archief",
    "a DICOM scan": "een DICOM-scan",
    "a GIF picture": "een GIF-afbeelding",
    "a GRIB file": "een GRIB-bestand",
    "a GeoPackage": "een GeoPackage",
    "a KML file": "een KML-bestand",
    "a LightGBM model": "een LightGBM-model",
    "a MetaImage (MHA)": "een MetaImage (MHA)",
    "a NIfTI scan": "een NIfTI-scan",
    "a PDF document": "een PDF-document",
    "a PNG or JPEG picture": "een PNG- of JPEG-afbeelding",
    "a Parquet file that was cut off": "een Parquet-bestand dat is afgebroken",
    "a PyTorch file, which can run code": "een PyTorch-bestand, dat code kan uitvoeren",
    "a Python pickle, which can run code": "een Python-pickle, die code kan uitvoeren",
    "a RAR archive": "een RAR-archief",
    "a TIFF picture": "een TIFF-afbeelding",
    "a VRPLIB problem": "een VRPLIB-probleem",
    "a Windows program": "een Windows-programma",
    "a YAML file": "een YAML-bestand",
    "a YAML file that runs code": "een YAML-bestand dat code uitvoert",
    "a ZIP archive of something else": "een ZIP-archief met iets anders",
    "a Zarr store": "een Zarr-opslag",
    "a bzip2 archive": "een bzip2-archief",
    "a classic NetCDF file (nccopy -k nc4 converts it)": (
        "een klassiek NetCDF-bestand (nccopy -k nc4 zet het om)"
    ),
    "a damaged Parquet file": "een beschadigd Parquet-bestand",
    "a damaged gzip archive": "een beschadigd gzip-archief",
    "a damaged text (it holds zero bytes)": "beschadigde tekst (er staan nulbytes in)",
    "a gzip archive": "een gzip-archief",
    "a list of links to other files (VRT, WMS)": (
        "een lijst met koppelingen naar andere bestanden (VRT, WMS)"
    ),
    "a program": "een programma",
    "a safetensors file": "een safetensors-bestand",
    "a script": "een script",
    "a single NumPy array": "een losse NumPy-array",
    "a solution of a routing problem": "een oplossing van een ritplanning",
    "a sound": "geluid",
    "a sound, film or picture": "geluid, film of een afbeelding",
    "a web page or XML": "een webpagina of XML",
    "a zipped DICOM study": "een ingepakt DICOM-onderzoek",
    "a zipped Shapefile": "een ingepakte Shapefile",
    "a zstd archive": "een zstd-archief",
    "an Excel workbook (XLSX)": "een Excel-werkmap (XLSX)",
    "an Excel workbook with macros": "een Excel-werkmap met macro's",
    "an Office document": "een Office-document",
    "an Arrow (Feather) file": "een Arrow-bestand (Feather)",
    "an Avro file": "een Avro-bestand",
    "an HDF5 or NetCDF-4 file": "een HDF5- of NetCDF-4-bestand",
    "an NRRD image": "een NRRD-afbeelding",
    "an ORC file": "een ORC-bestand",
    "an RTF document": "een RTF-document",
    "an SQLite database": "een SQLite-database",
    "an empty ZIP archive": "een leeg ZIP-archief",
    "an encrypted Parquet file": "een versleuteld Parquet-bestand",
    "an old Excel workbook (XLS)": "een oude Excel-werkmap (XLS)",
    "an xz archive": "een xz-archief",
    "no text, nor anything else that is known here": "geen tekst, en ook niets anders dat hier bekend is",
}
