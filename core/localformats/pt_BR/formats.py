DATE_FORMAT = r"j \d\e F \d\e Y"
SHORT_DATE_FORMAT = "d/m/Y"
DATETIME_FORMAT = r"j \d\e F \d\e Y \à\s H:i"
SHORT_DATETIME_FORMAT = "d/m/Y H:i"
