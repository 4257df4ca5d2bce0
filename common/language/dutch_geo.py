"""Dutch for what lies on a map: GeoJSON, GeoPackage, Shapefile and GeoTIFF."""

from __future__ import annotations

PLACES: dict[str, str] = {
    "{}, feature {}": "{}, object {}",
    "{}, features {} and {}": "{}, objecten {} en {}",
    "{}, features {} and {} more": "{}, objecten {} en nog {}",
}

DUTCH: dict[str, str] = {
    # Features, as they are called in a note
    "feature {}": "object {}",
    "features {} and {}": "objecten {} en {}",
    "features {} and {} more": "objecten {} en nog {}",
    # Where they lie
    "export it in EPSG:4326 or EPSG:28992": "exporteer het in EPSG:4326 of EPSG:28992",
    "export it in EPSG:4326, or with the coordinate system that it is in": (
        "exporteer het in EPSG:4326, of met het coördinatenstelsel waarin het staat"
    ),
    "export it with the coordinate system that it is in": (
        "exporteer het met het coördinatenstelsel waarin het staat"
    ),
    "its coordinate system cannot be converted to degrees": (
        "het coördinatenstelsel kan niet naar graden omgerekend worden"
    ),
    "its coordinate system is not known": "het coördinatenstelsel is niet bekend",
    "its coordinate system says nothing about where on earth it lies": (
        "het coördinatenstelsel zegt niet waar op aarde het ligt"
    ),
    "its coordinates lie outside of where {} is defined": (
        "de coördinaten liggen buiten het gebied waar {} geldt"
    ),
    "its coordinates look like degrees, but its coordinate system is {}": (
        "de coördinaten lijken graden, maar het coördinatenstelsel is {}"
    ),
    "the coordinates ({}, {}) are no degrees of longitude and latitude": (
        "de coördinaten ({}, {}) zijn geen graden lengte en breedte"
    ),
    "{}, not in Europe": "{}, niet in Europa",
    "{}, not in Europe; latitude and longitude look swapped: the other way round they do lie in it": (
        "{}, niet in Europa; breedte en lengte lijken verwisseld: andersom liggen ze er wel in"
    ),
    "{}, not in the expected region": "{}, niet in het verwachte gebied",
    "{}, not in the expected region; latitude and longitude look swapped: the other way round they do lie"
    " in it": (
        "{}, niet in het verwachte gebied; breedte en lengte lijken verwisseld: andersom liggen ze er wel in"
    ),
    "{} lie at {}, {}": "{} liggen op {}, {}",
    "{} lie at {}° E, {}° N": "{} liggen op {}° OL, {}° NB",
    "{} lie at {}° E, {}° S": "{} liggen op {}° OL, {}° ZB",
    "{} lie at {}° W, {}° N": "{} liggen op {}° WL, {}° NB",
    "{} lie at {}° W, {}° S": "{} liggen op {}° WL, {}° ZB",
    # Outlines
    "a coordinate is not a finite number": "een coördinaat is geen eindig getal",
    "an outline or line of it has fewer than {} points": (
        "een omtrek of lijn ervan heeft minder dan {} punten"
    ),
    "convert curves to straight lines and export it anew": (
        "zet bogen om in rechte lijnen en exporteer het opnieuw"
    ),
    "draw or export it anew": "teken of exporteer het opnieuw",
    "export it anew with its features": "exporteer het opnieuw met de objecten",
    "export it anew with its outlines": "exporteer het opnieuw met de omtrekken",
    "feature {}: its outline crossed itself and was repaired, {} before and {} after": (
        "object {}: de omtrek kruiste zichzelf en is hersteld, {} ervoor en {} erna"
    ),
    "it holds no feature": "het bevat geen object",
    "it mixes {}": "het bevat {} door elkaar",
    "it mixes {} and {}": "het bevat {} en {} door elkaar",
    "it mixes {} and {} and {}": "het bevat {}, {} en {} door elkaar",
    "its coordinates are not all numbers in the nesting that its type needs": (
        "de coördinaten zijn niet alle getallen, of staan niet zo in elkaar als het type vraagt"
    ),
    "its geometries are nested more than {} deep": "de geometrieën staan meer dan {} diep in elkaar",
    "its geometry is damaged": "de geometrie is beschadigd",
    "its geometry is of no type that GeoJSON knows": "de geometrie is van een type dat GeoJSON niet kent",
    "its outline has curves": "de omtrek heeft bogen",
    "no feature has a geometry": "geen object heeft een geometrie",
    "no outline encloses an area": "geen omtrek omsluit een oppervlak",
    "{} has no geometry": "{} heeft geen geometrie",
    "{} have no geometry": "{} hebben geen geometrie",
    "{} more outlines crossed themselves and were repaired": (
        "nog {} omtrekken kruisten zichzelf en zijn hersteld"
    ),
    "{}: the outline encloses no area and was left out": (
        "{}: de omtrek omsluit geen oppervlak en is weggelaten"
    ),
    "{}: the outline was not closed and was closed": "{}: de omtrek was niet gesloten en is gesloten",
    # GeoJSON
    "a coordinate system named within single features was left aside": (
        "een coördinatenstelsel dat in losse objecten genoemd wordt is buiten beschouwing gelaten"
    ),
    "a link, which was removed and not followed": "een koppeling, die verwijderd en niet gevolgd is",
    "bring a part of them": "breng een deel ervan",
    "bring fewer of them": "breng er minder",
    "bring one collection of features": "breng één verzameling objecten",
    "export it anew as GeoJSON in UTF-8": "exporteer het opnieuw als GeoJSON in UTF-8",
    "export it as GeoJSON": "exporteer het als GeoJSON",
    "export it in degrees (EPSG:4326), as GeoJSON has it": (
        "exporteer het in graden (EPSG:4326), zoals GeoJSON het voorschrijft"
    ),
    "it holds a number without end": "het bevat een getal zonder einde",
    "it holds {} features": "het bevat {} objecten",
    "it is cut off or damaged": "het is afgebroken of beschadigd",
    "it is no GeoJSON: its type is no collection of features": (
        "het is geen GeoJSON: het type is geen verzameling objecten"
    ),
    "it is no text": "het is geen tekst",
    "its brackets are nested too deep": "de haakjes staan te diep in elkaar",
    "its collection has no list of features": "de verzameling heeft geen lijst met objecten",
    "its coordinate system is a link, which was removed and not followed; it is read in degrees"
    " (EPSG:4326)": (
        "het coördinatenstelsel is een koppeling, die verwijderd en niet gevolgd is; "
        "het is in graden gelezen (EPSG:4326)"
    ),
    "its coordinate system is not named; it is read in degrees (EPSG:4326)": (
        "het coördinatenstelsel is niet genoemd; het is in graden gelezen (EPSG:4326)"
    ),
    "its features have {} different properties": "de objecten hebben {} verschillende eigenschappen",
    "its properties are no list of names and values": "de eigenschappen zijn geen lijst van namen en waarden",
    "only some positions have a height, so heights were left out": (
        "maar enkele posities hebben een hoogte, dus hoogten zijn weggelaten"
    ),
    "text follows after its end": "na het einde volgt nog tekst",
    "the coordinate system that it names is not known": "het coördinatenstelsel dat het noemt is niet bekend",
    "this is no feature": "dit is geen object",
    # GeoPackage
    "choose from {}": "kies uit {}",
    "export it anew as a GeoPackage": "exporteer het opnieuw als GeoPackage",
    "export the layer anew into a GeoPackage of its own": (
        "exporteer de laag opnieuw in een GeoPackage voor zich"
    ),
    "export the layer into it": "exporteer de laag erin",
    "it holds no layer with features": "het bevat geen laag met objecten",
    "it is no GeoPackage of features: its table '{}' is missing": (
        "het is geen GeoPackage met objecten: de tabel '{}' ontbreekt"
    ),
    "its layer '{}' has no column of geometries": "de laag '{}' heeft geen kolom met geometrieën",
    "its layer '{}' has no coordinate system": "de laag '{}' heeft geen coördinatenstelsel",
    "its layer '{}' is no plain table but computed when it is read, or missing": (
        "de laag '{}' is geen gewone tabel maar wordt bij het lezen berekend, of ontbreekt"
    ),
    "set one, such as EPSG:28992, and export it anew": (
        "stel er een in, zoals EPSG:28992, en exporteer het opnieuw"
    ),
    "the database is damaged": "de database is beschadigd",
    "the database is damaged: it holds more than fits in it": (
        "de database is beschadigd: ze bevat meer dan erin past"
    ),
    "the layer '{}' was read; left out: {} and {} more": "de laag '{}' is gelezen; weggelaten: {} en nog {}",
    "the layer '{}' was read; left out: {}{}": "de laag '{}' is gelezen; weggelaten: {}{}",
    "there is no layer '{}'": "er is geen laag '{}'",
    # Shapefile
    "export and pack it anew": "exporteer het opnieuw en pak het opnieuw in",
    "its .dbf declares {} rows but was cut off": "het .dbf geeft {} rijen op maar is afgebroken",
    "its .dbf is none": "het .dbf is er geen",
    "its .prj names no coordinate system that is known": "het .prj noemt geen bekend coördinatenstelsel",
    "its .shx lists {} shapes but its .dbf {} rows": "het .shx noemt {} vormen maar het .dbf {} rijen",
    "its .shx points beyond the end of its .shp": "het .shx wijst voorbij het einde van het .shp",
    "its .shx points to the same shapes again and again": "het .shx wijst telkens naar dezelfde vormen",
    "its shapes or its table cannot be read": "de vormen of de tabel kunnen niet gelezen worden",
    "its {} declares {} bytes but has {}: it was cut off": (
        "het {} geeft {} bytes op maar heeft er {}: het is afgebroken"
    ),
    "its {} is none": "het {} is er geen",
    "no Shapefile is in it": "er zit geen Shapefile in",
    "of the Shapefile '{}' the part {} is missing": "van de Shapefile '{}' ontbreekt het deel {}",
    "of the Shapefile '{}' the part {} and {} is missing": (
        "van de Shapefile '{}' ontbreken de delen {} en {}"
    ),
    "pack .shp, .shx, .dbf and .prj together": "pak .shp, .shx, .dbf en .prj samen in",
    "the Shapefile '{}' has no .prj, so that its coordinate system is not known": (
        "de Shapefile '{}' heeft geen .prj, zodat het coördinatenstelsel niet bekend is"
    ),
    "the Shapefile '{}' was read; left out: {} and {} more": (
        "de Shapefile '{}' is gelezen; weggelaten: {} en nog {}"
    ),
    "the Shapefile '{}' was read; left out: {}{}": "de Shapefile '{}' is gelezen; weggelaten: {}{}",
    "the part {} of '{}' occurs twice": "het deel {} van '{}' komt twee keer voor",
    "there is no Shapefile '{}' in it": "er zit geen Shapefile '{}' in",
    # GeoTIFF
    "bring fewer bands": "breng minder banden",
    "convert it to whole or decimal numbers": "zet het om naar gehele of decimale getallen",
    "export amplitude or phase": "exporteer amplitude of fase",
    "export it anew as a GeoTIFF of one page": "exporteer het opnieuw als GeoTIFF van één pagina",
    "export it anew as a plain GeoTIFF": "exporteer het opnieuw als gewone GeoTIFF",
    "export it in tiles, for example of 512 by 512 pixels": (
        "exporteer het in tegels, bijvoorbeeld van 512 bij 512 pixels"
    ),
    "export it with LZW, deflate or zstd, or unpacked": (
        "exporteer het met LZW, deflate of zstd, of ongecomprimeerd"
    ),
    "export it with its coordinate system and place (a world file beside it is not read)": (
        "exporteer het met coördinatenstelsel en ligging (een worldbestand ernaast wordt niet gelezen)"
    ),
    "export it with its coordinate system, such as EPSG:28992": (
        "exporteer het met het coördinatenstelsel, zoals EPSG:28992"
    ),
    "export the values themselves, without a colour table": "exporteer de waarden zelf, zonder kleurentabel",
    "give height and width": "geef hoogte en breedte op",
    "give row, column, height and width": "geef rij, kolom, hoogte en breedte op",
    "it declares a size of {} by {} pixels in {} bands, in blocks of {} by {}": (
        "het geeft een grootte van {} bij {} pixels in {} banden op, in blokken van {} bij {}"
    ),
    "it declares {} MB of pixels, more than the {} MB that are read at once": (
        "het geeft {} MB aan pixels op, meer dan de {} MB die in één keer gelezen worden"
    ),
    "it declares {} bands, more than {}": "het geeft {} banden op, meer dan {}",
    "it holds a mask of valid pixels, which was left out": (
        "het bevat een masker van geldige pixels, dat is weggelaten"
    ),
    "it holds no value: every pixel is missing": "het bevat geen waarde: elke pixel ontbreekt",
    "it holds {} pages; the first was read": "het bevat {} pagina's; de eerste is gelezen",
    "it is cut off or damaged: what its header points to is not in the file": (
        "het is afgebroken of beschadigd: waar de kop naar wijst staat niet in het bestand"
    ),
    "it lists {} of the {} blocks that its size needs": (
        "het noemt {} van de {} blokken die bij de grootte horen"
    ),
    "it names no coordinate system, so that areas cannot be computed": (
        "het noemt geen coördinatenstelsel, zodat oppervlakten niet te berekenen zijn"
    ),
    "it says nothing about where on earth it lies": "het zegt niet waar op aarde het ligt",
    "it should lie in degrees ({}) but reaches from {} to {} east and from {} to {} north": (
        "het zou in graden moeten liggen ({}) maar reikt van {} tot {} oost en van {} tot {} noord"
    ),
    "its description points to other files": "de beschrijving wijst naar andere bestanden",
    "its first row lies in the south": "de eerste rij ligt in het zuiden",
    "its pages have no end": "de pagina's hebben geen einde",
    "its pixels are complex numbers": "de pixels zijn complexe getallen",
    "its pixels are numbers of colours, not measured values": (
        "de pixels zijn nummers van kleuren, geen meetwaarden"
    ),
    "its pixels are numbers of classes with a colour each, not measured values": (
        "de pixels zijn nummers van klassen met elk een kleur, geen meetwaarden"
    ),
    "its pixels are of the type {}": "de pixels zijn van het type {}",
    "its pixels are packed in a way that is not taken in (TIFF compression {})": (
        "de pixels zijn gecomprimeerd op een manier die niet wordt aangenomen (TIFF-compressie {})"
    ),
    "its pixels have no size on the ground": "de pixels hebben geen afmeting op de grond",
    "its pixels lie in blocks of {} by {}, too large to unpack one": (
        "de pixels staan in blokken van {} bij {}, te groot om er een van uit te pakken"
    ),
    "its pixels or its description cannot be read: it is damaged": (
        "de pixels of de beschrijving kunnen niet gelezen worden: het is beschadigd"
    ),
    "its place is given by ground control points alone": "de ligging is alleen met paspunten (GCP's) gegeven",
    "its rows do not run along the axes of the coordinate system: it is rotated or sheared": (
        "de rijen lopen niet langs de assen van het coördinatenstelsel: het is gedraaid of scheef"
    ),
    "its values are stored scaled; the facts' scales and offsets were not applied": (
        "de waarden zijn geschaald opgeslagen; de genoemde schaal en verschuiving zijn niet toegepast"
    ),
    "no pixel has a value in band {}": "geen pixel heeft een waarde in band {}",
    "read a window of it, fewer bands, or fewer pixels": (
        "lees een deel ervan, minder banden of minder pixels"
    ),
    "the shape {} is none": "de afmetingen {} kunnen niet",
    "the window {} does not lie within {} rows and {} columns": (
        "het venster {} ligt niet binnen {} rijen en {} kolommen"
    ),
    "there is no band": "er is geen band gekozen",
    "there is no band {}": "er is geen band {}",
    "warp it to a coordinate system first, for example with gdalwarp": (
        "zet het eerst om naar een coördinatenstelsel, bijvoorbeeld met gdalwarp"
    ),
    "{} of its {} blocks of pixels lie beyond the end of the file: it was cut off or damaged": (
        "{} van de {} blokken pixels liggen voorbij het einde van het bestand: "
        "het is afgebroken of beschadigd"
    ),
}

WORDS: dict[str, str] = {
    "collections": "verzamelingen",
    "lines": "lijnen",
    "points": "punten",
    "polygons": "vlakken",
    "the features": "de objecten",
}
