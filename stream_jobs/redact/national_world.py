"""Ids of people outside of Europe, one row each."""

from typing import Final

from stream_jobs.redact.id_checks import dea, hong_kong, itin, medicare, npi, nric, ssn
from stream_jobs.redact.identity import FORM, alone, beside, several_digits, stdnum

_ALONE: Final = (
    alone("US_SSN", r"\d{3}-\d\d-\d{4}", r"\d{3}-\d\d-\d{4}", ssn, FORM),
    alone("US_ITIN", r"9\d\d-\d\d-\d{4}", r"9\d\d-\d\d-\d{4}", itin, FORM),
    alone(
        "IN_PAN", r"[A-Z]{5}\d{4}[A-Z]", r"[A-Z]{3}[ABCFGHJLPT][A-Z]\d{4}[A-Z]", stdnum("in_.pan")
    ),
    alone(
        "IN_GSTIN",
        r"\d\d[A-Z]{5}\d{4}[A-Z]",
        r"\d\d[A-Z]{5}\d{4}[A-Z][A-Z0-9]Z[A-Z0-9]",
        stdnum("in_.gstin"),
    ),
    alone(
        "IN_AADHAAR",
        r"\d{4}[ -]\d{4}[ -]\d{4}",
        r"[2-9]\d{3}([ -])\d{4}\1\d{4}(?![ -]\d)",
        stdnum("in_.aadhaar"),
    ),
    alone("PK_CNIC", r"\d{5}-\d{7}-\d", r"[1-7]\d{4}-\d{7}-\d", stdnum("pk.cnic")),
    alone("SG_NRIC_FIN", r"[STFGM]\d{7}[A-Z]", r"[STFGM]\d{7}[A-Z]", nric),
    alone("HK_ID", r"[A-Z]\d{6} ?\(", r"[A-Z]{1,2}\d{6} ?\([0-9A]\)", hong_kong),
    alone("MY_NRIC", r"\d{6}-\d\d-\d{4}", r"\d{6}-\d\d-\d{4}", stdnum("my.nric")),
    alone("TH_TNIN", r"\d-\d{4}-\d{5}-", r"\d-\d{4}-\d{5}-\d\d-\d", stdnum("th.pin")),
    alone("AU_ABN", r"\d\d \d{3} \d{3} \d{3}", r"\d\d \d{3} \d{3} \d{3}(?! \d)", stdnum("au.abn")),
    alone("BR_CPF", r"\d{3}\.\d{3}\.\d{3}-\d\d", r"\d{3}\.\d{3}\.\d{3}-\d\d", stdnum("br.cpf")),
    alone(
        "BR_CNPJ", r"\d{3}\.\d{3}/\d{4}-\d\d", r"\d\d\.\d{3}\.\d{3}/\d{4}-\d\d", stdnum("br.cnpj")
    ),
    alone("AR_CUIT", r"\d\d-\d{8}-\d", r"(?:2[03467]|3[034])-\d{8}-\d", stdnum("ar.cuit")),
    alone("CL_RUT", r"\d\.\d{3}\.\d{3}-[\dkK]", r"\d{1,2}\.\d{3}\.\d{3}-[\dkK]", stdnum("cl.rut")),
    alone("DO_CEDULA", r"\d{3}-\d{7}-\d", r"\d{3}-\d{7}-\d", stdnum("do.cedula")),
    alone("KR_RRN", r"\d{6}-\d{7}", r"\d{6}-[0-9]\d{6}", stdnum("kr.rrn")),
    alone(
        "CN_RESIDENT_ID",
        r"\d{17}[0-9Xx]",
        r"[1-9]\d{5}(?:19|20)\d{9}[0-9Xx]",
        stdnum("cn.ric"),
    ),
    alone(
        "MX_CURP",
        r"[A-Z]{4}\d{6}[HMX]",
        r"[A-Z]{4}\d{6}[HMX][A-Z]{5}[A-Z0-9]\d",
        stdnum("mx.curp"),
    ),
)

_BESIDE: Final = (
    beside(
        "US_SSN",
        "ssn|ssns|social security|soc sec|soc\\.? sec\\.?",
        r"\d{3}[ .-]?\d\d[ .-]?\d{4}",
        ssn,
    ),
    beside("US_ITIN", "itin|taxpayer", r"9\d\d[ -]?\d\d[ -]?\d{4}", itin),
    beside(
        "US_EIN", "ein|fein|employer identification|employer id", r"\d\d-?\d{7}", stdnum("us.ein")
    ),
    beside("US_NPI", "npi|national provider", r"[12]\d{9}", npi),
    beside(
        "US_MBI",
        "mbi|medicare|beneficiary",
        r"[1-9][AC-HJKMNP-RT-Y][AC-HJKMNP-RT-Y0-9]\d-?[AC-HJKMNP-RT-Y][AC-HJKMNP-RT-Y0-9]\d-?"
        r"[AC-HJKMNP-RT-Y]{2}\d\d",
        several_digits,
    ),
    beside("MEDICAL_LICENSE", "dea|medical licen[cs]e|prescriber", r"[A-Z]{2}\d{7}", dea),
    beside(
        "CA_SIN",
        "sin|social insurance|assurance sociale|dassurance sociale|nas",
        r"\d{3}[ -]?\d{3}[ -]?\d{3}",
        stdnum("ca.sin"),
    ),
    beside(
        "IN_AADHAAR",
        "aadhaar|aadhar|uidai|आधार",
        r"[2-9]\d{3}[ -]?\d{4}[ -]?\d{4}",
        stdnum("in_.aadhaar"),
    ),
    beside("IN_VOTER", "voter|epic", r"[A-Z]{3}\d{7}", several_digits),
    beside("AU_ABN", "abn|business number", r"\d\d ?\d{3} ?\d{3} ?\d{3}", stdnum("au.abn")),
    beside("AU_ACN", "acn|company number", r"\d{3} ?\d{3} ?\d{3}", stdnum("au.acn")),
    beside("AU_TFN", "tfn|tax file", r"\d{3}[ -]?\d{3}[ -]?\d{2,3}", stdnum("au.tfn")),
    beside("AU_MEDICARE", "medicare", r"[2-6]\d{3}[ -]?\d{5}[ -]?\d(?:[ /-]?\d)?", medicare),
    beside("NZ_IRD", "ird|inland revenue", r"\d{2,3}[ -]?\d{3}[ -]?\d{3}", stdnum("nz.ird")),
    beside("SG_NRIC_FIN", "nric|fin", r"(?i:[STFGM]\d{7}[A-Z])", nric),
    beside("SG_UEN", "uen", r"\d{8,9}[A-Z]|[TSR]\d\d[A-Z]{2}\d{4}[A-Z]", stdnum("sg.uen")),
    beside("HK_ID", "hkid|hong kong id", r"[A-Z]{1,2}\d{6} ?\(?[0-9A]\)?", hong_kong),
    beside(
        "MY_NRIC", "mykad|nric|ic number|kad pengenalan", r"\d{6}-?\d\d-?\d{4}", stdnum("my.nric")
    ),
    beside(
        "TH_TNIN",
        "thai id|thai national|tnin|เลขประจำตัวประชาชน|บัตรประชาชน"
        "|เลขประจำตวประชาชน|เลขประจาตวประชาชน|บตรประชาชน",
        r"\d-?\d{4}-?\d{5}-?\d\d-?\d",
        stdnum("th.pin"),
    ),
    beside("ID_NIK", "nik|ktp", r"\d{16}", stdnum("id.nik")),
    beside("ID_NPWP", "npwp", r"\d\d\.?\d{3}\.?\d{3}\.?\d-?\d{3}\.?\d{3}", stdnum("id.npwp")),
    beside("PH_TIN", "philippine tin|tin", r"\d{3}-\d{3}-\d{3}(?:-\d{3,5})?", several_digits),
    beside("VN_ID_NUMBER", "cccd|cmnd|can cuoc|chung minh", r"\d{12}|\d{9}"),
    beside("TW_ID_NUMBER", "taiwan id|身分證|身份證", r"[A-Z][1289]\d{8}"),
    beside(
        "JP_MY_NUMBER",
        "my number|mynumber|マイナンバー|個人番号",
        r"\d{4}[ -]?\d{4}[ -]?\d{4}",
        stdnum("jp.in_"),
    ),
    beside("KR_RRN", "resident registration|rrn|주민등록번호", r"\d{6}-?\d{7}", stdnum("kr.rrn")),
    beside("CN_RESIDENT_ID", "resident id|身份证|居民身份证", r"\d{17}[\dXx]", stdnum("cn.ric")),
    beside("BR_CPF", "cpf", r"\d{3}\.?\d{3}\.?\d{3}[- ]?\d\d", stdnum("br.cpf")),
    beside("BR_CNPJ", "cnpj", r"\d{14}", stdnum("br.cnpj")),
    beside("AR_CUIT", "cuit|cuil", r"\d{2}-?\d{8}-?\d", stdnum("ar.cuit")),
    beside("AR_DNI", "dni", r"\d\d?\.?\d{3}\.?\d{3}", stdnum("ar.dni")),
    beside("CL_RUT", "rut|run", r"\d{1,2}\.?\d{3}\.?\d{3}-?[\dkK]", stdnum("cl.rut")),
    beside("CO_NIT", "nit", r"\d{3}\.?\d{3}\.?\d{3}-?\d", stdnum("co.nit")),
    beside("CO_CEDULA", "cedula de ciudadania|cedula", r"\d{1,3}(?:\.?\d{3}){2,3}", several_digits),
    beside("DO_CEDULA", "cedula", r"\d{11}", stdnum("do.cedula")),
    beside("EC_CI", "cedula|ecuador", r"\d{10}", stdnum("ec.ci")),
    beside("PE_DNI", "dni|cui", r"\d{8}(?:-?[0-9A-K])?"),
    beside("UY_CI", "cedula", r"\d\.?\d{3}\.?\d{3}-\d"),
    beside("VE_RIF", "rif|cedula", r"[VJEPG]-?\d{8}-?\d", stdnum("ve.rif")),
    beside("GT_NIT", "nit", r"\d{7,8}-?[\dK]", stdnum("gt.nit")),
    beside("CU_NI", "carne de identidad", r"\d{11}", stdnum("cu.ni")),
    beside("MX_CURP", "curp", r"(?i:[A-Z]{4}\d{6}[HMX][A-Z]{5}[A-Z0-9]\d)", stdnum("mx.curp")),
    beside("MX_RFC", "rfc", r"[A-ZÑ&]{3,4}[ -]?\d{6}[ -]?[A-Z0-9]{3}", stdnum("mx.rfc")),
    beside(
        "ZA_ID_NUMBER",
        "id number|sa id|south african id|identity number|id no",
        r"\d{13}|\d{6} \d{4} \d{3}",
        stdnum("za.idnr"),
    ),
    beside("NG_NIN", "nin|national identification number", r"\d{11}"),
    beside("KE_KRA_PIN", "kra pin|kra", r"[AP]\d{9}[A-Z]", stdnum("ke.pin")),
    beside("EG_ID_NUMBER", "egyptian id|الرقم القومي", r"[23]\d{13}"),
    beside("MU_NID", "mauritius|nid", r"[A-Z]\d{12}[A-Z0-9]", stdnum("mu.nid")),
    beside(
        "IL_ID_NUMBER",
        "teudat zehut|id number|israeli id|identity number|תעודת זהות|ת\\.?ז\\.?",
        r"\d{8}-?\d",
        stdnum("il.idnr"),
    ),
)

WORLD: Final = _ALONE + _BESIDE
